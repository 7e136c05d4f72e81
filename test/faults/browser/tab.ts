import type { BrowserContext, Page } from '@playwright/test';
import type { Failure } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/lab/protocol.ts';

/** What was heard of a run: its events in order. */
export interface Heard {
  events: RunEvent[];
  /** Resolves once the events are as they should be, or there will be no more: the tab is gone, the run at its end. */
  until: (ready: (events: readonly RunEvent[]) => boolean) => Promise<void>;
}

/** A run in a tab. `ended` gives why the call failed, "gone" where the tab went with it. */
export interface Sitting {
  heard: Heard;
  ended: Promise<Failure | undefined | 'gone'>;
}

/** A tab of the small run. */
export interface Tab {
  page: Page;
  /** Begins the run, or goes on with it. */
  run: (resume?: string) => Sitting;
}

/** Opens a tab; `told` of the page is this tab's. */
export async function openTab(context: BrowserContext, address: string): Promise<Tab> {
  const page = await context.newPage();
  let now = hear();
  await page.exposeFunction('told', (event: RunEvent) => now.take(event));
  await page.goto(address);
  return {
    page,
    run(resume) {
      const heard = (now = hear());
      const ended = page
        .evaluate((id) => window.faulty.run(id), resume)
        .catch((): 'gone' => 'gone')
        .finally(heard.over);
      return { heard, ended };
    },
  };
}

function hear(): Heard & { take: (event: RunEvent) => void; over: () => void } {
  const events: RunEvent[] = [];
  let isOver = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const go of woken) go();
  };
  return {
    events,
    take(event) {
      events.push(event);
      wake();
    },
    over() {
      isOver = true;
      wake();
    },
    async until(ready) {
      while (!ready(events) && !isOver) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
