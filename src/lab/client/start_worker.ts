import * as Comlink from 'comlink';
import { LabError } from '../../errors.ts';
import type { Alive } from '../alive.ts';

/** A worker that has been started, as Comlink sees what it offers. */
export interface Worked<Offered> {
  remote: Comlink.Remote<Offered>;
  /** Rejects when the worker can answer no more: its script failed, the browser ended it, or `end` did. */
  broken: Promise<never>;
  /** Ends the worker at once, whatever it is at; calls in progress are told of the reason. */
  end(reason: LabError): void;
}

/** Starts to listen to a worker. A worker that ends by itself, as one out of memory does, is noticed by a lock it held. */
export function startWorker<Offered>(worker: Worker): Worked<Offered> {
  let stop: (reason: LabError) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => (stop = reject));
  // Calls in progress report the failure; without one it must not count as an error of the page that no code handles.
  broken.catch(() => undefined);
  worker.addEventListener('error', ({ message }) => {
    stop(
      new LabError(
        'internal',
        `A worker of this page stopped: ${message || 'its script could not be loaded'}.`,
      ),
    );
  });
  const remote = Comlink.wrap<Offered & Alive>(worker);
  void noticeEnd(remote, () =>
    stop(new LabError('interrupted', 'The browser ended what computes here, perhaps for want of memory.')),
  );
  return {
    remote,
    broken,
    end(reason) {
      stop(reason);
      worker.terminate();
    },
  };
}

/** Waits for the lock that the worker holds: no clock says when a busy worker is a dead one. */
async function noticeEnd(worker: Alive, onEnd: () => void): Promise<void> {
  // TypeScript's library has it everywhere; a page without a secure connection has none.
  if (!('locks' in navigator)) return;
  const lock = `worker ${crypto.randomUUID()}`;
  try {
    await worker.hold(lock);
    await navigator.locks.request(lock, onEnd);
  } catch {
    // The worker's script failed, which its error event tells.
  }
}
