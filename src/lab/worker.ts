import * as Comlink from 'comlink';
import { LabError, toFailure } from '../errors.ts';
import { fullCheck } from '../gpu/check.ts';
import { browserHost, chosenFiles } from './browser_host.ts';
import { openGate } from './gate.ts';
import { gpuOnce } from './gpu_once.ts';
import { blobSink, directorySink, savedFiles } from './browser_sink.ts';
import { tensorMeasurer } from './measure_tensor.ts';
import { probe } from './probe.ts';
import type { PageLab, Saved } from './protocol.ts';
import { readModel } from './read_model.ts';
import { requireSaved } from './require_saved.ts';
import { run } from './run.ts';
import { saveCheckpoint } from './save_checkpoint.ts';
import { browserStore } from './store.ts';

/** The page's address: the worker's own address depends on how the page was built. */
const base = self.name;
const gpu = gpuOnce(() => navigator.gpu);
const store = browserStore();
// Every use of the store hears of a rejection; until the first it must not end the worker.
store.catch(() => undefined);
let stop = new AbortController();
let gate = openGate();
const measureTensor = tensorMeasurer(gpu);
/** A run waits for a probe to end: two at a time would time one another. */
let probing: Promise<unknown> = Promise.resolve();

const lab: PageLab = {
  adapter: () => gpu().then(({ adapter }) => adapter, toFailure),
  async run(request, onEvent) {
    stop = new AbortController();
    gate = openGate();
    await probing;
    try {
      await alone(request.resume, async () =>
        run(request, browserHost(base, request, gpu, await store), onEvent, stop.signal, gate),
      );
    } catch (error) {
      onEvent({ type: 'failed', failure: toFailure(error) });
    }
  },
  pause: (paused) => Promise.resolve(gate.set(paused)),
  cancel: () => Promise.resolve(stop.abort()),
  async probe({ model_files, ...asked }) {
    const measured = store
      .then((kept) => probe(asked, browserHost(base, { model_files }, gpu, kept)))
      .catch(toFailure);
    probing = measured;
    return measured;
  },
  async readModel(files) {
    try {
      return await readModel(chosenFiles(files, 'model'));
    } catch (error) {
      return toFailure(error);
    }
  },
  async saveCheckpoint({ model, config, directory, ...request }, onProgress) {
    const written: Saved['files'] = [];
    const sink = directory ? directorySink(directory, written) : blobSink(written);
    try {
      const host = browserHost(base, request, gpu, await store);
      const { files } = await host.openFiles(model, () => undefined, new AbortController().signal);
      await saveCheckpoint(files, config, sink, onProgress);
      await requireSaved(await savedFiles(written, directory), config);
      return { files: written };
    } catch (error) {
      return toFailure(error);
    }
  },
  measureTensor: (request) => measureTensor(request).catch(toFailure),
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

/**
 * Runs while no other tab runs the same; two would store each item twice. Holding a lock also keeps browsers from
 * freezing a tab in the background.
 */
async function alone(resume: string | undefined, work: () => Promise<void>): Promise<void> {
  const name = `run ${resume ?? crypto.randomUUID()}`;
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    else throw new LabError('storage', 'This run goes on in another tab.');
  });
}

Comlink.expose(lab);
