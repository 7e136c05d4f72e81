import * as Comlink from 'comlink';
import { LabError } from '../../errors.ts';

/** A worker that has been started, as Comlink sees what it offers. */
export interface Worked<Offered> {
  remote: Comlink.Remote<Offered>;
  /** Rejects when the worker's script could not be loaded or threw outside of a call: it would never answer. */
  broken: Promise<never>;
}

export function startWorker<Offered>(worker: Worker): Worked<Offered> {
  const broken = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(
        new LabError(
          'internal',
          `A worker of this page stopped: ${message || 'its script could not be loaded'}.`,
        ),
      );
    });
  });
  // Calls in progress report the failure; without one it must not count as an error of the page that no code handles.
  broken.catch(() => undefined);
  return { remote: Comlink.wrap<Offered>(worker), broken };
}
