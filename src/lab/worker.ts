import * as Comlink from 'comlink';
import { toFailure } from '../errors.ts';
import { fullCheck } from '../gpu/check.ts';
import { hold } from './alive.ts';
import { browserHost, chosenFiles } from './browser_host.ts';
import { opfsShelf } from './copy/opfs_shelf.ts';
import { modelFolder } from '../model/model_folder.ts';
import { openGate } from './gate.ts';
import { gpuOnce } from './gpu_once.ts';
import { HUGGING_FACE, type Hub } from './hub.ts';
import { blobSink, directorySink, savedFiles } from './browser_sink.ts';
import { tensorMeasurer } from './measure_tensor.ts';
import { probe } from './probe.ts';
import type { Host } from './host.ts';
import type { PageLab, RunRequest, Saved } from './protocol.ts';
import { readModel } from './read_model.ts';
import { requireSaved } from './require_saved.ts';
import { run } from './run.ts';
import { saveCheckpoint } from './save_checkpoint.ts';
import { storeOrMemory } from './store_or_memory.ts';
import { browserStore } from './store.ts';

/** The page's address: the worker's own address depends on how the page was built. */
const base = self.name;
const gpu = gpuOnce(() => navigator.gpu);
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
  browserHost(base, request, gpu, store, await hubOf(request.hub_token, say));

const lab: PageLab = {
  adapter: () => gpu().then(({ adapter }) => adapter, toFailure),
  async run(request, onEvent) {
    stop = new AbortController();
    gate = openGate();
    await probing;
    const host = await hostOf(request, (text) => onEvent({ type: 'note', text }));
    const kept = await storeOrMemory(store, (failure) => onEvent({ type: 'unstored', failure }));
    await run(request, { ...host, store: kept }, onEvent, stop.signal, gate);
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
  async readModel(files) {
    try {
      return await readModel(await modelFolder(chosenFiles(files, 'model')));
    } catch (error) {
      return toFailure(error);
    }
  },
  async saveCheckpoint({ model, config, directory, ...request }, onProgress) {
    const written: Saved['files'] = [];
    const sink = directory ? directorySink(directory, written) : blobSink(written);
    try {
      const host = await hostOf(request);
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

Comlink.expose({ ...lab, hold });
