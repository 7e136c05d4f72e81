import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { launchOptions, servePage, type ServedPage } from './browser/open_browser.ts';
import { openTab, type Heard, type Tab } from './browser/tab.ts';
import { answersIn, endOutcome, keptOutcome, wholeOf, worstOf, type Whole } from './browser/whole.ts';
import type { FaultSuite, Outcome } from './suite.ts';

/** A run in a tab, at the moment at which something happens to it. */
interface Moment {
  context: BrowserContext;
  tab: Tab;
  /** The run's id, once it has begun. */
  id: string | undefined;
  heard: Heard;
  ended: ReturnType<Tab['run']>['ended'];
  random: Random;
  another(): Promise<Tab>;
}

/** What happens to a run; gives the tab in which it is gone on with. */
type Cut = (moment: Moment) => Promise<Tab>;

const CUTS: Record<string, Cut> = {
  async 'the page is closed'({ tab, another }) {
    await tab.page.close();
    return another();
  },
  async 'the page is reloaded'({ tab }) {
    await tab.page.reload();
    return tab;
  },
  async 'the worker is ended'({ tab, ended }) {
    await tab.page.evaluate(() => window.faulty.end());
    await ended;
    return tab;
  },
  async 'the worker ends by itself'({ tab, ended }) {
    const [worker] = tab.page.workers();
    await worker?.evaluate(() => self.close()).catch(() => undefined);
    const failure = await ended;
    if (failure === undefined || failure === 'gone' || failure.code === 'interrupted') return tab;
    throw new Error(`The end of the worker is told as ${failure.code}: ${failure.message}`);
  },
  async 'the renderer crashes'({ context, tab, another }) {
    const devtools = await context.newCDPSession(tab.page);
    const crashed = tab.page.waitForEvent('crash');
    devtools.send('Page.crash').catch(() => undefined);
    await crashed;
    await tab.page.close();
    return another();
  },
  async 'a tab goes while another asks for the run'({ tab, id, another }) {
    const other = await another();
    const asked = id === undefined ? undefined : other.run(id).ended;
    await tab.page.close();
    await asked;
    return other;
  },
  async 'the run is renamed again and again, then its tab is closed'({ tab, id, random, another }) {
    const other = await another();
    const times = 1 + Math.floor(random.uniform() * 20);
    if (id !== undefined) {
      await other.page.evaluate(
        async ([run, n]) => {
          for (let i = 0; i < n; i++) await window.faulty.rename(run, `title ${i}`);
        },
        [id, times] as const,
      );
    }
    await tab.page.close();
    const titles = (await recordsIn(other)).map(({ spec }) => spec.title);
    if (id === undefined || titles[0] === `title ${times - 1}`) return other;
    throw new Error(`The run is called ${titles.join()} after it was renamed`);
  },
  async 'the run is paused, then its tab is closed'({ tab, another }) {
    await tab.page.evaluate(() => window.faulty.pause(true));
    await tab.page.close();
    return another();
  },
  async 'the run is stopped'({ tab, ended }) {
    await tab.page.evaluate(() => window.faulty.stop());
    await ended;
    return tab;
  },
};

/** Runs that are broken off at any moment in a real browser, and gone on with: nothing is lost, doubled, or another. */
export async function openCrashFaults(): Promise<FaultSuite> {
  const page = await servePage();
  const whole = await wholeRun(page);
  const shared = async (): Promise<BrowserContext> => (await page.browser()).newContext();
  return {
    name: 'crash',
    at_a_time: 2,
    kinds: [
      ...Object.entries(CUTS).map(([name, cut]) => ({
        name,
        trial: (seed: number) => within(shared, (context) => cutTrial(page, whole, context, cut, seed)),
      })),
      { name: 'the browser is killed', trial: (seed) => killTrial(page, whole, seed) },
      {
        name: 'another tab resumes and deletes the run that goes on',
        trial: (seed) => within(shared, (context) => refusedTrial(page, whole, context, seed)),
      },
      {
        name: 'an older page deletes the run that goes on',
        trial: (seed) => within(shared, (context) => deletedTrial(page, whole, context, seed)),
      },
    ],
    close: () => page.close(),
  };
}

async function within(
  open: () => Promise<BrowserContext>,
  trial: (context: BrowserContext) => Promise<Outcome>,
): Promise<Outcome> {
  const context = await open();
  try {
    return await trial(context);
  } finally {
    await context.close();
  }
}

async function wholeRun(page: ServedPage): Promise<Whole> {
  const context = await (await page.browser()).newContext();
  const tab = await openTab(context, page.address);
  const { heard, ended } = tab.run();
  await ended;
  await context.close();
  return wholeOf(heard.events);
}

/** Begins a run and waits for a moment of it: a step of any kind, or, as often, an answer; and some milliseconds. */
async function momentOf(
  page: ServedPage,
  whole: Whole,
  context: BrowserContext,
  seed: number,
): Promise<Moment> {
  const random = seededRandom(seed);
  const any = Math.floor(random.uniform() * whole.steps.length);
  const answers = whole.steps.flatMap((type, place) => (type === 'item' ? [place] : []));
  const answer = answers[Math.floor(random.uniform() * answers.length)]!;
  const place = random.uniform() < 0.5 ? any : answer;
  const tab = await openTab(context, page.address);
  const { heard, ended } = tab.run();
  await heard.reached(place);
  await new Promise((resolve) => setTimeout(resolve, random.uniform() * 40));
  const id = idIn(heard);
  return { context, tab, id, heard, ended, random, another: () => openTab(context, page.address) };
}

const idIn = ({ events }: Heard): string | undefined =>
  events.flatMap((event) => (event.type === 'started' ? [event.run_id] : []))[0];

const recordsIn = ({ page }: Tab) => page.evaluate(() => window.faulty.list());

async function cutTrial(
  page: ServedPage,
  whole: Whole,
  context: BrowserContext,
  cut: Cut,
  seed: number,
): Promise<Outcome> {
  const moment = await momentOf(page, whole, context, seed);
  const told = answersIn(moment.heard.events).length;
  const tab = await cut(moment);
  return goOn(whole, tab, answersIn(moment.heard.events).slice(0, Math.max(told, 0)));
}

/** Holds what is stored against what was told, and has the run gone on with to its end. */
async function goOn(whole: Whole, tab: Tab, told: ReturnType<typeof answersIn>): Promise<Outcome> {
  const [record, ...more] = await recordsIn(tab);
  if (more.length > 0) return { is: 'wrong', why: `${1 + more.length} runs are stored` };
  if (!record) {
    if (told.length > 0) return { is: 'lost', why: `${told.length} answers were told, and no run is stored` };
    const { heard, ended } = tab.run();
    await ended;
    return endOutcome(whole, heard.events, 0);
  }
  const { heard, stored } = await resumed(tab, record.id);
  const kept = keptOutcome(whole, told, stored);
  if (record.state === 'done' && stored.length < whole.answers.size) {
    return { is: 'wrong', why: `"done" is said of a run with ${stored.length} answers` };
  }
  return worstOf(kept, endOutcome(whole, heard.events, stored.length));
}

/** Goes on with a run as soon as whoever died has let go of it; `stored` is what lay there at that time. */
async function resumed(tab: Tab, id: string) {
  for (;;) {
    const stored = await tab.page.evaluate((run) => window.faulty.rows(run), id);
    const { heard, ended } = tab.run(id);
    await ended;
    const end = heard.events.at(-1);
    if (end?.type !== 'failed' || end.failure.code !== 'run-elsewhere') return { heard, stored };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function killTrial(page: ServedPage, whole: Whole, seed: number): Promise<Outcome> {
  const profile = join(page.folder, `profile-${seed}`);
  const open = () => chromium.launchPersistentContext(profile, launchOptions());
  const context = await open();
  const moment = await momentOf(page, whole, context, seed);
  const devtools = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const pid = processInfo.find(({ type }) => type === 'browser')!.id;
  process.kill(pid, 'SIGKILL');
  await moment.ended;
  await context.close().catch(() => undefined);
  return within(open, async (again) =>
    goOn(whole, await openTab(again, page.address), answersIn(moment.heard.events)),
  );
}

/** Another tab can neither go on with a run nor delete it while it goes on; a new title is kept. */
async function refusedTrial(
  page: ServedPage,
  whole: Whole,
  context: BrowserContext,
  seed: number,
): Promise<Outcome> {
  const { id, heard, ended, another } = await momentOf(page, whole, context, seed);
  const other = await another();
  const before = heard.events.length;
  if (id !== undefined) {
    const isOver = () => finishedAt(heard) !== undefined;
    const { heard: theirs, ended: refused } = other.run(id);
    await refused;
    const removed = isOver() ? 'over' : await other.page.evaluate((run) => window.faulty.remove(run), id);
    const end = theirs.events.at(-1);
    const wasRefused = end?.type === 'failed' && end.failure.code === 'run-elsewhere';
    if (!wasRefused && !isOver())
      return { is: 'wrong', why: `two tabs go on with a run: ${JSON.stringify(end)}` };
    if (removed === undefined && !isOver()) return { is: 'lost', why: 'a run was deleted while it went on' };
    if (removed === undefined) return { is: 'survived' };
  }
  await ended;
  return before > 0 ? endOutcome(whole, heard.events, 0) : { is: 'survived' };
}

const finishedAt = ({ events }: Heard): number | undefined => {
  const at = events.findIndex(({ type }) => type === 'finished');
  return at < 0 ? undefined : at;
};

/** A run whose rows an older page clears stops in a sentence, and writes nothing more. */
async function deletedTrial(
  page: ServedPage,
  whole: Whole,
  context: BrowserContext,
  seed: number,
): Promise<Outcome> {
  const { heard, ended, another } = await momentOf(page, whole, context, seed);
  const other = await another();
  await other.page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('nibble');
      request.onsuccess = () => resolve(request.result);
    });
    const tx = db.transaction(['runs', 'items'], 'readwrite');
    tx.objectStore('runs').clear();
    tx.objectStore('items').clear();
    await new Promise((resolve) => (tx.oncomplete = resolve));
    db.close();
  });
  await ended;
  const end = heard.events.at(-1);
  const rest = await recordsIn(other);
  if (end?.type === 'finished')
    return rest.length <= 1 ? { is: 'survived' } : { is: 'wrong', why: 'two runs' };
  if (end?.type !== 'failed' || end.failure.code !== 'run-gone') {
    return { is: 'lost', why: `the deletion is told as ${JSON.stringify(end)}` };
  }
  return rest.length === 0 ? { is: 'survived' } : { is: 'wrong', why: 'a deleted run was written again' };
}
