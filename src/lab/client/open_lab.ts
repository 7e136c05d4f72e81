import * as Comlink from 'comlink';
import type { Failure } from '../../errors.ts';
import type { PageLab, Saved } from '../protocol.ts';
import type { MatrixReport } from '../../gpu/matrix/measure_matrix.ts';
import type { AdapterReport } from '../../gpu/adapter.ts';
import type { ModelReading } from '../../study/result.ts';
import type { Probe } from '../../study/speed.ts';
import { startWorker, type Worked } from './start_worker.ts';
import LabWorker from '../worker.ts?worker';

/** The lab behind its worker. The worker starts with the first call, so a page that only explores loads none of it. */
export function openLab(): PageLab {
  let started: Worked<PageLab> | undefined;
  const call = <T>(ask: (lab: Comlink.Remote<PageLab>) => Promise<T>): Promise<T> => {
    started ??= startWorker<PageLab>(new LabWorker({ name: document.baseURI }));
    return Promise.race([ask(started.remote), started.broken]);
  };
  return {
    adapter: () => call<AdapterReport | Failure>((lab) => lab.adapter()),
    run: (request, onEvent) => call((lab) => lab.run(request, Comlink.proxy(onEvent))),
    pause: (paused) => call((lab) => lab.pause(paused)),
    cancel: () => call((lab) => lab.cancel()),
    saveCheckpoint: (request, onProgress) =>
      call<Saved | Failure>((lab) => lab.saveCheckpoint(request, Comlink.proxy(onProgress))),
    measureTensor: (request) => call<MatrixReport | Failure>((lab) => lab.measureTensor(request)),
    probe: (request) => call<Probe | Failure>((lab) => lab.probe(request)),
    readModel: (files) => call<ModelReading | Failure>((lab) => lab.readModel(files)),
    selfCheck: (onRow) => call((lab) => lab.selfCheck(Comlink.proxy(onRow))),
  };
}
