import * as Comlink from 'comlink';
import { LabError, type Failure } from '../errors.ts';
import type { AdapterReport, MatrixReport, PageLab, Saved } from './protocol.ts';
import type { Probe } from './speed.ts';
import LabWorker from './worker.ts?worker';

/** The lab behind its worker. The worker starts with the first call, so a page that only explores loads none of it. */
export function openLab(): PageLab {
  let started: Worked | undefined;
  const call = <T>(ask: (lab: Comlink.Remote<PageLab>) => Promise<T>): Promise<T> => {
    started ??= start();
    return Promise.race([ask(started.lab), started.broken]);
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
    selfCheck: (onRow) => call((lab) => lab.selfCheck(Comlink.proxy(onRow))),
  };
}

interface Worked {
  lab: Comlink.Remote<PageLab>;
  /** Rejects when the worker's script could not be loaded or threw outside of a call: it would never answer. */
  broken: Promise<never>;
}

function start(): Worked {
  const worker = new LabWorker({ name: document.baseURI });
  const broken = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(
        new LabError(
          'internal',
          `The worker that measures stopped: ${message || 'its script could not be loaded'}.`,
        ),
      );
    });
  });
  // Whoever asks hears of it; nobody asking is no fault of the page.
  broken.catch(() => undefined);
  return { lab: Comlink.wrap<PageLab>(worker), broken };
}
