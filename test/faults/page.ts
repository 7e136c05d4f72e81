/* eslint-disable @typescript-eslint/unbound-method -- methods are taken from prototypes, and called on what they were called on */
import { chromium, type BrowserContext, type CDPSession, type Worker } from '@playwright/test';
import type { ErrorCode } from '../../src/errors.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { launchOptions, servePage, type ServedPage } from './browser/open_browser.ts';
import { openTab, type Sitting, type Tab } from './browser/tab.ts';
import type { FaultSuite, Outcome } from './suite.ts';
import { answersIn, endOutcome, keptOutcome, wholeOf, worstOf, type Whole } from './whole.ts';

/** What a trial has at hand: a browser of its own, and a tab whose worker is there and has no GPU yet. */
interface Moment {
  tab: Tab;
  worker: Worker;
  /** Of the whole browser. */
  devtools: CDPSession;
  origin: string;
  random: Random;
  whole: WholeInPage;
}

interface WholeInPage extends Whole {
  /** Submits of a whole run, its checks included. */
  submits: number;
}

/** A fault of the browser: what is done before the run begins, and what while it is on. */
interface Fault {
  /** Codes by which a run may end early; it goes on once the fault is over. */
  right: readonly ErrorCode[];
  before?: (moment: Moment) => Promise<void>;
  during?: (moment: Moment, sitting: Sitting) => Promise<void>;
  /** Ends the fault; what the run needs is there again. */
  after?: (moment: Moment) => Promise<void>;
}

const FAULTS: Record<string, Fault> = {
  'the GPU process crashes': {
    right: [],
    async during(moment, sitting) {
      await anyTime(moment, sitting);
      await moment.devtools.send('Browser.crashGpuProcess');
    },
  },
  'the GPU process crashes three times': {
    right: ['gpu-gone', 'device-lost', 'no-adapter'],
    async during(moment, sitting) {
      for (let i = 0; i < 3; i++) {
        await anyTime(moment, sitting);
        await moment.devtools.send('Browser.crashGpuProcess');
      }
    },
  },
  'a device is destroyed at a submit': {
    right: [],
    before: ({ worker, random, whole }) => destroyAt(worker, [1 + random.integer(whole.submits)]),
  },
  'two devices are destroyed': {
    right: ['device-lost'],
    before: ({ worker, random, whole }) =>
      destroyAt(worker, [1 + random.integer(whole.submits), 1 + random.integer(whole.submits)]),
  },
  'no adapter is offered after a device is destroyed': {
    right: ['gpu-gone'],
    async before({ worker, random, whole }) {
      await destroyAt(worker, [1 + random.integer(whole.submits)]);
      await worker.evaluate(() => {
        const { requestAdapter } = GPU.prototype;
        let asked = 0;
        GPU.prototype.requestAdapter = async function (...options) {
          return asked++ === 0 ? requestAdapter.apply(this, options) : null;
        };
      });
    },
  },
  'the browser gives the page no more room': {
    right: ['storage-full', 'storage'],
    async during(moment, sitting) {
      if (moment.random.uniform() < 0.8) await anyTime(moment, sitting);
      await overrideQuota(moment.tab, { origin: moment.origin, quotaSize: 1 });
    },
    after: ({ tab, origin }) => overrideQuota(tab, { origin }),
  },
  'a write to the database finds no room': {
    right: ['storage-full'],
    before: ({ worker, random }) =>
      worker.evaluate(
        (at) => {
          const { put } = IDBObjectStore.prototype;
          let left = at;
          IDBObjectStore.prototype.put = function (...row) {
            const request = put.apply(this, row);
            if (--left > 0) return request;
            this.transaction.abort();
            throw new DOMException('Made up for a test.', 'QuotaExceededError');
          };
        },
        1 + random.integer(24),
      ),
  },
  'a write to the database is taken back': {
    right: ['storage'],
    before: ({ worker, random }) =>
      worker.evaluate(
        (at) => {
          const { put } = IDBObjectStore.prototype;
          let left = at;
          IDBObjectStore.prototype.put = function (...row) {
            const request = put.apply(this, row);
            if (--left === 0) this.transaction.abort();
            return request;
          };
        },
        1 + random.integer(24),
      ),
  },
  'the files of the page take no more': {
    right: [],
    before: ({ worker, random }) =>
      worker.evaluate(
        ({ at, isShort }) => {
          type Access = { write(bytes: Uint8Array, options: object): number };
          const { prototype } = (
            globalThis as unknown as { FileSystemSyncAccessHandle: { prototype: Access } }
          ).FileSystemSyncAccessHandle;
          const { write } = prototype;
          let left = at;
          prototype.write = function (bytes, options) {
            if (--left > 0) return write.call(this, bytes, options);
            // As a private window does past its quota: a number that is no count, and nothing thrown.
            if (isShort) return 2 ** 32 - 8;
            throw new DOMException('Made up for a test.', 'QuotaExceededError');
          };
        },
        { at: 1 + random.integer(4), isShort: random.uniform() < 0.5 },
      ),
  },
  'the files of the page are refused': {
    right: [],
    before: ({ worker }) =>
      worker.evaluate(() => {
        navigator.storage.getDirectory = () =>
          Promise.reject(new DOMException('Made up for a test.', 'SecurityError'));
      }),
  },
  "the page's data is cleared by hand": {
    right: ['run-gone', 'storage'],
    async during(moment, sitting) {
      await anyTime(moment, sitting);
      const devtools = await moment.tab.page.context().newCDPSession(moment.tab.page);
      await devtools.send('Storage.clearDataForOrigin', { origin: moment.origin, storageTypes: 'all' });
    },
  },
};

/** Counts the submits of every device, and destroys one at each of these, counted anew after each. */
const destroyAt = (worker: Worker, at: readonly number[]): Promise<void> =>
  worker.evaluate(
    (submits) => {
      const { requestDevice } = GPUAdapter.prototype;
      const { submit } = GPUQueue.prototype;
      const owners = new WeakMap<GPUQueue, GPUDevice>();
      const state = Object.assign(self, { submitted: 0 });
      let since = 0;
      GPUAdapter.prototype.requestDevice = async function (...asked) {
        const device = await requestDevice.apply(this, asked);
        owners.set(device.queue, device);
        return device;
      };
      GPUQueue.prototype.submit = function (buffers) {
        state.submitted++;
        if (++since === submits[0]) {
          submits.shift();
          since = 0;
          owners.get(this)?.destroy();
        }
        return submit.call(this, buffers);
      };
    },
    [...at],
  );

async function overrideQuota(tab: Tab, quota: { origin: string; quotaSize?: number }): Promise<void> {
  const devtools = await tab.page.context().newCDPSession(tab.page);
  await devtools.send('Storage.overrideQuotaForOrigin', quota);
}

/** A moment of a run: after a step of it, and some milliseconds. */
async function anyTime({ whole, random }: Moment, { heard }: Sitting): Promise<void> {
  const from = heard.events.length;
  const step = random.integer(whole.steps.length);
  await heard.until(({ length }) => length > from + step);
  await new Promise((resolve) => setTimeout(resolve, 40 * random.uniform()));
}

/** A browser whose GPU process or storage fails under a run: it goes on, or ends in a sentence and goes on later. */
export async function openPageFaults(): Promise<FaultSuite> {
  const page = await servePage();
  const whole = await wholeInPage(page);
  return {
    name: 'page',
    at_a_time: 2,
    kinds: Object.entries(FAULTS).map(([name, fault]) => ({
      name: `${name}, in Chromium`,
      trial: (seed) => inBrowser((context) => faultTrial(page, context, whole, fault, seed)),
    })),
    close: () => page.close(),
  };
}

async function inBrowser<T>(use: (context: BrowserContext) => Promise<T>): Promise<T> {
  const browser = await chromium.launch(launchOptions());
  try {
    return await use(await browser.newContext());
  } finally {
    await browser.close();
  }
}

/** A tab whose worker has begun, before it is asked to run anything. */
async function tabWithWorker(context: BrowserContext, { address }: ServedPage): Promise<[Tab, Worker]> {
  const tab = await openTab(context, address);
  const begun = tab.page.waitForEvent('worker');
  await tab.page.evaluate(() => window.faulty.pause(false));
  return [tab, await begun];
}

const wholeInPage = (page: ServedPage): Promise<WholeInPage> =>
  inBrowser(async (context) => {
    const [tab, worker] = await tabWithWorker(context, page);
    await destroyAt(worker, []);
    const { heard, ended } = tab.run();
    await ended;
    const submits = await worker.evaluate(() => (self as unknown as { submitted: number }).submitted);
    return { ...wholeOf(heard.events), submits };
  });

async function faultTrial(
  page: ServedPage,
  context: BrowserContext,
  whole: WholeInPage,
  { right, before, during, after }: Fault,
  seed: number,
): Promise<Outcome> {
  const [tab, worker] = await tabWithWorker(context, page);
  const devtools = await context.browser()!.newBrowserCDPSession();
  const origin = new URL(page.address).origin;
  const moment: Moment = { tab, worker, devtools, origin, random: seededRandom(seed), whole };
  await before?.(moment);
  const sitting = tab.run();
  await during?.(moment, sitting);
  const failure = await sitting.ended;
  await after?.(moment);
  const { events } = sitting.heard;
  const end = events.at(-1);
  if (end?.type === 'finished') return endOutcome(whole, events, 0);
  if (end?.type !== 'failed' || !(right as readonly string[]).includes(end.failure.code)) {
    const told = JSON.stringify([end, failure]);
    return { is: 'lost', why: `the fault is told as ${told}; right: ${right.join()}` };
  }
  return goOn(page, context, moment, events, end.failure.code);
}

/** Goes on in another tab with what is stored, or begins anew where nothing was. */
async function goOn(
  page: ServedPage,
  context: BrowserContext,
  { tab, whole }: Moment,
  events: Sitting['heard']['events'],
  code: ErrorCode,
): Promise<Outcome> {
  await tab.page.close();
  // Two crashes of its GPU process and Chromium offers none; what is stored goes with a browser that keeps no profile.
  const records = await recordsOf(context, page);
  const [record] = records;
  if (!record) {
    const isGone = code === 'run-gone' || answersIn(events).length === 0;
    return isGone ? { is: 'survived' } : { is: 'lost', why: 'answers were told, and no run is stored' };
  }
  const other = await openTab(context, page.address);
  const rows = await other.page.evaluate((run) => window.faulty.rows(run), record.id);
  const kept = keptOutcome(whole, answersIn(events), rows);
  const sitting = other.run(record.id);
  await sitting.ended;
  const end = sitting.heard.events.at(-1);
  const isBlocked =
    end?.type === 'failed' &&
    (code === 'gpu-gone' || code === 'no-adapter') &&
    end.failure.code === 'no-adapter';
  return isBlocked ? kept : worstOf(kept, endOutcome(whole, sitting.heard.events, rows.length));
}

async function recordsOf(context: BrowserContext, page: ServedPage) {
  const { page: looking } = await openTab(context, page.address);
  const records = await looking.evaluate(() => window.faulty.list());
  await looking.close();
  return records;
}
