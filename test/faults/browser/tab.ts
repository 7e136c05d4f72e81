import type { BrowserContext, Page } from '@playwright/test';
import type { Failure } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/lab/protocol.ts';

/** What was heard of a run: its events in order, and those who wait for the next. */
export interface Heard {
  events: RunEvent[];
  /** Resolves with the event of that place, or once there will be none: the tab is gone, the run at its end. */
  reached(place: number): Promise<void>;
  /** The run will say no more. */
  over(): void;
}

function hear(): Heard & { take(event: RunEvent): void } {
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
    async reached(place) {
      while (events.length <= place && !isOver) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** A tab of the small run. */
export interface Tab {
  page: Page;
  /** Begins the run, or goes on with it. `ended` gives why the call failed, "gone" where the tab went with it. */
  run(resume?: string): { heard: Heard; ended: Promise<Failure | undefined | 'gone'> };
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
        .finally(() => heard.over());
      return { heard, ended };
    },
  };
}
