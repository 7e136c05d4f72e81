import { LabError, toFailure } from '../errors.ts';
import { fullCheck } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { forceForms } from '../gpu/force_forms.ts';
import { browserHost, chosenFiles } from './browser_host.ts';
import { opfsShelf } from './copy/opfs_shelf.ts';
import { ggufFiles } from '../model/gguf/gguf_files.ts';
import { modelFolder } from '../model/model_folder.ts';
import type { Within } from './deadline.ts';
import { openGate } from './gate.ts';
import { HUGGING_FACE, type Hub } from './hub.ts';
import { blobSink, directorySink, savedFiles } from './browser_sink.ts';
import { measureMix } from './mix.ts';
import { tensorMeasurer } from './measure_tensor.ts';
import { probe } from './probe.ts';
import type { Host } from './host.ts';
import type { PageLab, RunEvent, RunRequest, Saved } from './protocol.ts';
import { readModel } from './read_model.ts';
import { requireSaved } from './require_saved.ts';
import { run } from './run.ts';
import { saveCheckpoint } from './save_checkpoint.ts';
import { saveGguf } from './save_gguf.ts';
import { compareWithSamples, writeSamples } from './stored_samples.ts';
import { browserTuner } from './tuner.ts';
import { storeOrMemory } from './store_or_memory.ts';
import { browserStore } from './store.ts';
import { countedResult } from '../study/assemble.ts';

/** What the worker has before it is asked for work. */
export interface Workplace {
  /** The page's address. */
  base: string;
  /** The device of the adapter that is chosen now. */
  opened: () => Promise<Gpu>;
  /** The forms of the matmul that are forced now. */
  forms: () => readonly string[];
}

/** All of the lab that computes with a model. */
export type Work = Omit<PageLab, 'adapter' | 'adapters' | 'useAdapter' | 'useForms'>;

/** Opens the lab's work. Its kernels and formats are most of the page's code, and fetched when first asked for. */
export function openWork({ base, opened, forms }: Workplace): Work {
  const gpu = async () => forceForms(await opened(), forms());
  const tuner = browserTuner();
  const store = browserStore();
  const shelf = opfsShelf();
  const hubOf = async (token: string | undefined, say?: Hub['say']): Promise<Hub> => ({
    endpoint: HUGGING_FACE,
    token,
    shelf: await shelf,
    say,
  });
  let stop = new AbortController();
  let gate = openGate();
  const measureTensor = tensorMeasurer(gpu);
  /** A run waits for a probe to end: two at a time would time one another. */
  let probing: Promise<unknown> = Promise.resolve();

  const hostOf = async (request: Omit<RunRequest, 'spec'>, say?: Hub['say']): Promise<Host> =>
    browserHost(
      base,
      request,
      { gpu, tune: (ready) => tuner.ready(ready) },
      store,
      await hubOf(request.hub_token, say),
    );

  return {
    tuning: () => gpu().then((ready) => tuner.known(ready), toFailure),
    tune: async () => {
      try {
        return await tuner.again(await gpu());
      } catch (error) {
        return toFailure(error);
      }
    },
    async run(request, onEvent, onText) {
      stop = new AbortController();
      gate = openGate();
      await probing;
      const host = await hostOf(request, (text) => onEvent({ type: 'note', text }));
      const kept = await storeOrMemory(store, (failure) => onEvent({ type: 'unstored', failure }));
      let heard: unknown;
      const isCounted = request.counted === true && kept === store;
      const tell = (event: RunEvent): void => {
        heard = onEvent(isCounted ? withoutAnswers(event) : event);
      };
      await run(request, { ...host, store: kept, within: told(onText) }, tell, stop.signal, gate);
      // Events and the end of the call come to the page by two ways; the end must not come first.
      await heard;
    },
    pause: (paused) => Promise.resolve(gate.set(paused)),
    cancel: () => Promise.resolve(stop.abort()),
    async probe({ model, configs, ...asked }) {
      const measured = hostOf(asked)
        .then((host) => probe({ model, configs }, host))
        .catch(toFailure);
      probing = measured;
      return measured;
    },
    async mix({ spec, calibration, ...asked }, onStep) {
      stop = new AbortController();
      const { signal } = stop;
      await probing;
      try {
        return await measureMix(
          spec,
          calibration,
          await hostOf(asked),
          (done, total, what) => {
            if (signal.aborted) throw new LabError('cancelled', 'The measurement was stopped.');
            onStep(done, total, what);
            return Promise.resolve();
          },
          signal,
        );
      } catch (error) {
        return toFailure(error);
      }
    },
    async readModel(files) {
      try {
        return await readModel(await modelFolder(chosenFiles(files, 'model')));
      } catch (error) {
        return toFailure(error);
      }
    },
    writeSamples: ({ id, ...asked }) =>
      hostOf(asked)
        .then((host) => writeSamples(store, id, host))
        .catch(toFailure),
    compareSamples: ({ id, samples, ...asked }) =>
      hostOf(asked)
        .then((host) => compareWithSamples(store, id, samples, host))
        .catch(toFailure),
    async saveCheckpoint({ model, config, gguf, directory, ...request }, onProgress) {
      const written: Saved['files'] = [];
      const sink = directory ? directorySink(directory, written) : blobSink(written);
      try {
        const host = await hostOf(request);
        const { files } = await host.openFiles(model, () => undefined, new AbortController().signal);
        if (gguf === undefined) await saveCheckpoint(files, config, sink, onProgress);
        else await saveGguf(files, config, sink, gguf, onProgress);
        const copy = await savedFiles(written, directory);
        await requireSaved(gguf === undefined ? copy : await ggufFiles(await copy.open(gguf)), config);
        return { files: written };
      } catch (error) {
        return toFailure(error);
      }
    },
    measureTensor: (request) => measureTensor(request).catch(toFailure),
    async bench({ model_files, ...request }, onEvent) {
      stop = new AbortController();
      try {
        // Fetched when asked for: most visits never time a kernel.
        const { bench } = await import('./bench/bench.ts');
        await bench(request, await hostOf({ model_files }), onEvent, stop.signal);
        return undefined;
      } catch (error) {
        return toFailure(error);
      }
    },
    async selfCheck(onRow) {
      let done = 0;
      try {
        await fullCheck(await gpu(), (row, total) => onRow(row, ++done, total));
        return undefined;
      } catch (error) {
        return toFailure(error);
      }
    },
  };
}

/** A deadline that the page keeps: it hears of each work on a text, and ends this worker. */
const told =
  (onText: (what?: string) => void = () => undefined): Within =>
  (what, work) => {
    onText(what);
    try {
      return work();
    } finally {
      onText();
    }
  };

const withoutAnswers = (event: RunEvent): RunEvent =>
  'result' in event && event.result ? { ...event, result: countedResult(event.result) } : event;
