import * as Comlink from 'comlink';
import { LabError, type Failure } from '../../errors.ts';
import { MOST_SECONDS, tooLong } from '../deadline.ts';
import type { PageLab, RunEvent, RunRequest, Saved } from '../protocol.ts';
import type { SamplesCompared } from '../../study/samples/compare_samples.ts';
import type { Tuning } from '../../gpu/tune.ts';
import type { MatrixReport } from '../../gpu/matrix/measure_matrix.ts';
import { USUAL_CHOICE, type AdapterChoice, type AdapterReport } from '../../gpu/adapter.ts';
import type { ModelReading } from '../../study/result.ts';
import type { MixMeasured } from '../../study/mix.ts';
import type { Probe } from '../../study/speed.ts';
import { startWorker, type Worked } from './start_worker.ts';
import { openWorker } from './open_worker.ts';
import worker from '../worker.ts?worker&url';

/** Milliseconds within which Stop must be heard; a worker that hears nothing for so long is stuck in one step. */
const HEARD_MS = 10_000;

/** The lab of a page, which can end its worker as well. */
export interface EndableLab extends PageLab {
  /** Ends the worker at once: the item it is at is lost, what is stored is not. The next call starts another one. */
  end(): void;
}

/**
 * The lab behind its worker. The worker starts with the first call, so a page that only explores loads none of it, and
 * again after it ended.
 */
export function openLab(chosen: AdapterChoice = USUAL_CHOICE, forms: readonly string[] = []): EndableLab {
  let choice = chosen;
  let started: Worked<PageLab> | undefined;
  const start = (): Worked<PageLab> => {
    const now = startWorker<PageLab>(openWorker(worker, document.baseURI));
    // It hears of it before anything else is asked.
    if (choice !== USUAL_CHOICE) now.remote.useAdapter(choice).catch(() => undefined);
    if (forms.length > 0) now.remote.useForms(forms).catch(() => undefined);
    now.broken.catch(() => {
      if (started === now) started = undefined;
    });
    return now;
  };
  const call = <T>(ask: (lab: Comlink.Remote<PageLab>) => Promise<T>): Promise<T> => {
    started ??= start();
    return Promise.race([ask(started.remote), started.broken]);
  };
  const end = (message: string): void => started?.end(new LabError('cancelled', message));
  const run = async (asked: RunRequest, onEvent: (event: RunEvent) => void): Promise<void> => {
    let late: ReturnType<typeof setTimeout> | undefined;
    const watch = (what?: string): void => {
      clearTimeout(late);
      late =
        what === undefined ? undefined : setTimeout(() => started?.end(tooLong(what)), 1000 * MOST_SECONDS);
    };
    try {
      await call((lab) => lab.run(asked, Comlink.proxy(onEvent), Comlink.proxy(watch)));
    } finally {
      watch();
    }
  };
  return {
    adapter: () => call<AdapterReport | Failure>((lab) => lab.adapter()),
    useForms: (names) => call((lab) => lab.useForms(names)),
    tuning: () => call<Tuning | Failure | undefined>((lab) => lab.tuning()),
    tune: () => call<Tuning | Failure>((lab) => lab.tune()),
    adapters: () => call((lab) => lab.adapters()),
    async useAdapter(wanted) {
      choice = wanted;
      if (started) await call((lab) => lab.useAdapter(wanted));
    },
    run,
    pause: (paused) => call((lab) => lab.pause(paused)),
    async cancel() {
      const asked = started;
      const late = setTimeout(() => {
        if (started === asked) end('The run did not hear Stop, and its worker was ended.');
      }, HEARD_MS);
      try {
        await call((lab) => lab.cancel());
      } finally {
        clearTimeout(late);
      }
    },
    end: () => end('The run was ended at once.'),
    writeSamples: (request) =>
      call<{ name: string; file: Blob }[] | Failure>((lab) => lab.writeSamples(request)),
    compareSamples: (request) => call<SamplesCompared[] | Failure>((lab) => lab.compareSamples(request)),
    saveCheckpoint: (request, onProgress) =>
      call<Saved | Failure>((lab) => lab.saveCheckpoint(request, Comlink.proxy(onProgress))),
    measureTensor: (request) => call<MatrixReport | Failure>((lab) => lab.measureTensor(request)),
    probe: (request) => call<Probe | Failure>((lab) => lab.probe(request)),
    mix: (request, onStep) => call<MixMeasured | Failure>((lab) => lab.mix(request, Comlink.proxy(onStep))),
    readModel: (files) => call<ModelReading | Failure>((lab) => lab.readModel(files)),
    bench: (request, onEvent) => call((lab) => lab.bench(request, Comlink.proxy(onEvent))),
    selfCheck: (onRow) => call((lab) => lab.selfCheck(Comlink.proxy(onRow))),
  };
}
