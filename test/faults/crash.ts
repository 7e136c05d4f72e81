import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import type { RunEvent } from '../../src/lab/protocol.ts';
import { launchOptions, servePage, type ServedPage } from './browser/open_browser.ts';
import { openTab, type Heard, type Sitting, type Tab } from './browser/tab.ts';
import type { FaultKind, FaultSuite, Outcome } from './suite.ts';
import { answersIn, endOutcome, keptOutcome, stepOf, wholeOf, worstOf, type Whole } from './whole.ts';

/** A run in a tab, at the moment at which something happens to it. */
interface Moment extends Sitting {
  tab: Tab;
  /** The run's id, once it has begun. */
  id: string | undefined;
  random: Random;
  /** Another tab of the same browser. */
  another: () => Promise<Tab>;
  /** A tab of the same browser, started anew. */
  restarted: () => Promise<Tab>;
}

/** What breaks a run off; gives the tab in which it is gone on with. */
type Cut = (moment: Moment) => Promise<Tab>;

/** Ends the worker from within; the page must notice it, and call it by its name. */
const endFromWithin: Cut = async ({ tab, ended }) => {
  const worker = tab.page.workers()[0] ?? (await Promise.race([tab.page.waitForEvent('worker'), ended]));
  if (typeof worker === 'object' && 'evaluate' in worker) {
    await worker.evaluate(() => self.close()).catch(() => undefined);
  }
  const failure = await ended;
  if (failure === undefined || failure === 'gone' || failure.code === 'interrupted') return tab;
  throw new Error(`The end of the worker is told as ${failure.code}: ${failure.message}`);
};

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
  'the worker ends by itself': endFromWithin,
  'the worker ends by itself while it starts': endFromWithin,
  'the worker ends by itself while its kernels are checked': endFromWithin,
  async 'the renderer crashes'({ tab, another }) {
    const devtools = await tab.page.context().newCDPSession(tab.page);
    const crashed = tab.page.waitForEvent('crash');
    devtools.send('Page.crash').catch(() => undefined);
    await crashed;
    const other = await another();
    await tab.page.close();
    return other;
  },
  async 'the browser is killed'({ tab, ended, restarted }) {
    const devtools = await tab.page.context().browser()!.newBrowserCDPSession();
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    process.kill(processInfo.find(({ type }) => type === 'browser')!.id, 'SIGKILL');
    await ended;
    return restarted();
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
      const asked = [id, times] as const;
      await other.page.evaluate(async ([run, n]) => {
        for (let i = 1; i <= n; i++) await window.faulty.rename(run, `title ${i}`);
      }, asked);
    }
    await tab.page.close();
    const titles = (await recordsIn(other)).map(({ spec }) => spec.title);
    if (id === undefined || titles[0] === `title ${times}`) return other;
    throw new Error(`The run is called "${titles.join()}" after it was renamed`);
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

/** When a run is cut that is not cut at any moment. */
const MOMENTS: Record<string, typeof momentOf> = {
  'the worker ends by itself while it starts': () => Promise.resolve(),
  async 'the worker ends by itself while its kernels are checked'({ whole }, { heard }, random) {
    const checks = whole.steps.filter((step) => step === 'progress/check').length;
    const at = Math.floor(random.uniform() * checks);
    await heard.until((events) => events.filter((event) => stepOf(event) === 'progress/check').length > at);
  },
};

/** A run is cut so many times at most before it is let go to its end; each counts as a trial. */
const MOST_CUTS = 8;

interface Place {
  page: ServedPage;
  whole: Whole;
}

/** Runs that are broken off at any moment in a real browser, and gone on with: nothing is lost, doubled, or another. */
export async function openCrashFaults(): Promise<FaultSuite> {
  const page = await servePage();
  const shared = async (): Promise<BrowserContext> => (await page.browser()).newContext();
  const place = { page, whole: await wholeRun(await shared(), page) };
  const one = (name: string, trial: typeof refusedTrial): FaultKind => ({
    name,
    trial: async (seed) => {
      const context = await shared();
      return trial(place, context, seed).finally(() => context.close());
    },
  });
  return {
    name: 'crash',
    at_a_time: 3,
    kinds: [
      ...Object.entries(CUTS).map(([name, cut]) => ({
        name,
        trial: (seed: number) => {
          // What a killed browser has stored lies in a profile of its own.
          const profile = join(page.folder, `profile-${seed}`);
          const own = () => chromium.launchPersistentContext(profile, launchOptions());
          const open = cut === CUTS['the browser is killed'] ? own : shared;
          return cutTrial(place, cut, open, seed, MOMENTS[name]);
        },
      })),
      one('another tab resumes and deletes the run that goes on', refusedTrial),
      one('an older page deletes the run that goes on', deletedTrial),
    ],
    close: () => page.close(),
  };
}

async function wholeRun(context: BrowserContext, page: ServedPage): Promise<Whole> {
  const { heard, ended } = (await openTab(context, page.address)).run();
  await ended;
  await context.close();
  return wholeOf(heard.events);
}

/** A moment of a sitting: after one of its next answers or, as often, after a step of any kind; and some milliseconds. */
async function momentOf({ whole }: Place, { heard }: Sitting, random: Random): Promise<void> {
  const step = Math.floor(random.uniform() * whole.steps.length);
  const answers = 1 + Math.floor(random.uniform() * 4);
  const isAnswer = random.uniform() < 0.5;
  await heard.until((events) => (isAnswer ? answersIn(events).length >= answers : events.length > step));
  await new Promise((resolve) => setTimeout(resolve, random.uniform() * 40));
}

const idIn = (events: readonly RunEvent[]): string | undefined =>
  events.flatMap((event) => (event.type === 'started' ? [event.run_id] : []))[0];

const recordsIn = ({ page }: Tab) => page.evaluate(() => window.faulty.list());

async function cutTrial(
  place: Place,
  cut: Cut,
  open: () => Promise<BrowserContext>,
  seed: number,
  untilMoment = momentOf,
): Promise<Outcome> {
  const { address } = place.page;
  const random = seededRandom(seed);
  const told: ReturnType<typeof answersIn> = [];
  const cuts = 1 + Math.floor(random.uniform() * MOST_CUTS);
  let tab = await openTab(await open(), address);
  try {
    for (let done = 0; ; done++) {
      const look = await lookAt(place, tab, told);
      if (look.outcome.is !== 'survived') return { ...look.outcome, faults: done };
      const sitting = await sit(tab, look.id);
      if (done === cuts || look.done) {
        const how = await sitting.ended;
        const end = endOutcome(place.whole, sitting.heard.events, look.stored);
        if (end.is === 'survived') return { ...end, faults: done };
        return { ...end, why: `${end.why}; the call ended with ${JSON.stringify(how)}`, faults: done };
      }
      await untilMoment(place, sitting, random);
      const { events } = sitting.heard;
      told.push(...answersIn(events));
      const context = tab.page.context();
      const another = () => openTab(context, address);
      const restarted = async () => {
        await context.close().catch(() => undefined);
        return openTab(await open(), address);
      };
      tab = await cut({ ...sitting, tab, id: look.id ?? idIn(events), random, another, restarted });
    }
  } finally {
    await tab.page.context().close();
  }
}

/** What is stored between two sittings, held against what was told. */
async function lookAt(
  { whole }: Place,
  tab: Tab,
  told: ReturnType<typeof answersIn>,
): Promise<{ outcome: Outcome; id: string | undefined; stored: number; done: boolean }> {
  const [record, ...more] = await recordsIn(tab);
  const rows = record ? await tab.page.evaluate((run) => window.faulty.rows(run), record.id) : [];
  const done = record?.state === 'done';
  const all: Outcome[] = [keptOutcome(whole, told, rows)];
  if (more.length > 0) all.push({ is: 'wrong', why: `${1 + more.length} runs are stored` });
  if (done && rows.length < whole.answers.size) {
    all.push({ is: 'wrong', why: `"done" is said of a run with ${rows.length} answers` });
  }
  return { outcome: worstOf(...all), id: record?.id, stored: rows.length, done };
}

/** Begins a run, or goes on with it as soon as whoever died has let go of it. */
async function sit(tab: Tab, id: string | undefined): Promise<Sitting> {
  for (;;) {
    const sitting = tab.run(id);
    await sitting.heard.until(({ length }) => length > 0);
    if (!isRefused(sitting.heard)) return sitting;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isRefused({ events }: Heard): boolean {
  const end = events.at(-1);
  return end?.type === 'failed' && end.failure.code === 'run-elsewhere';
}

/** Another tab can neither go on with a run nor delete it while it goes on. */
async function refusedTrial(place: Place, context: BrowserContext, seed: number): Promise<Outcome> {
  const { whole, page } = place;
  const sitting = (await openTab(context, page.address)).run();
  await momentOf(place, sitting, seededRandom(seed));
  const { heard, ended } = sitting;
  const other = await openTab(context, page.address);
  const isOver = () => heard.events.at(-1)?.type === 'finished';
  const id = idIn(heard.events);
  if (id !== undefined) {
    const asked = other.run(id);
    await asked.ended;
    const wasOver = isOver();
    const removed = wasOver || (await other.page.evaluate((run) => window.faulty.remove(run), id));
    if (!isRefused(asked.heard) && !wasOver) return { is: 'wrong', why: 'two tabs go on with a run' };
    if (removed === undefined) {
      return isOver() ? { is: 'survived' } : { is: 'lost', why: 'a run was deleted while it went on' };
    }
  }
  await ended;
  return endOutcome(whole, heard.events, 0);
}

/** A run whose rows an older page clears stops in a sentence, and writes nothing more. */
async function deletedTrial(place: Place, context: BrowserContext, seed: number): Promise<Outcome> {
  const sitting = (await openTab(context, place.page.address)).run();
  await momentOf(place, sitting, seededRandom(seed));
  const other = await openTab(context, place.page.address);
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
  await sitting.ended;
  const end = sitting.heard.events.at(-1);
  if (end?.type === 'finished') return { is: 'survived' };
  if (end?.type !== 'failed' || end.failure.code !== 'run-gone') {
    return { is: 'lost', why: `the deletion is told as ${JSON.stringify(end)}` };
  }
  const rest = await recordsIn(other);
  return rest.length === 0 ? { is: 'survived' } : { is: 'wrong', why: 'a deleted run was written again' };
}
