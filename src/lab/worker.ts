import * as Comlink from 'comlink';
import { toFailure } from '../errors.ts';
import { USUAL_CHOICE } from '../gpu/adapter.ts';
import { offeredAdapters } from '../gpu/device/device.ts';
import { hold } from './alive.ts';
import { gpuOnce } from './gpu_once.ts';
import type { PageLab } from './protocol.ts';
import type { Work } from './work.ts';

let choice = USUAL_CHOICE;
let forms: readonly string[] = [];
const opened = gpuOnce(
  () => navigator.gpu,
  () => choice,
);

let opening: Promise<Work> | undefined;

/** The work itself: a page that is only looked at asks for the adapter's name and no more. */
const work = (): Promise<Work> =>
  (opening ??= import('./work.ts').then(({ openWork }) =>
    // The worker's own address depends on how the page was built; its name is the page's.
    openWork({ base: self.name, opened, forms: () => forms }),
  ));

const lab: PageLab = {
  adapter: () => opened().then(({ adapter }) => adapter, toFailure),
  adapters: () => offeredAdapters(navigator.gpu),
  useForms: (wanted) => Promise.resolve(void (forms = wanted)),
  useAdapter: (wanted) => Promise.resolve(void (choice = wanted)),
  run: async (...asked) => (await work()).run(...asked),
  pause: async (...asked) => (await work()).pause(...asked),
  cancel: async () => (await work()).cancel(),
  probe: async (...asked) => (await work()).probe(...asked),
  mix: async (...asked) => (await work()).mix(...asked),
  readModel: async (...asked) => (await work()).readModel(...asked),
  writeSamples: async (...asked) => (await work()).writeSamples(...asked),
  compareSamples: async (...asked) => (await work()).compareSamples(...asked),
  saveCheckpoint: async (...asked) => (await work()).saveCheckpoint(...asked),
  measureTensor: async (...asked) => (await work()).measureTensor(...asked),
  bench: async (...asked) => (await work()).bench(...asked),
  tuning: async () => (await work()).tuning(),
  tune: async () => (await work()).tune(),
  selfCheck: async (...asked) => (await work()).selfCheck(...asked),
};

Comlink.expose({ ...lab, hold });
