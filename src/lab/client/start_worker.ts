import * as Comlink from 'comlink';
import { LabError } from '../../errors.ts';
import type { Alive } from '../alive.ts';

/** Milliseconds within which a worker must answer its first call: nothing but the loading of its script comes before. */
const STARTED_MS = 60_000;

/** A worker that has been started, as Comlink sees what it offers. */
export interface Worked<Offered> {
  remote: Comlink.Remote<Offered>;
  /** Rejects when the worker can answer no more: its script failed, the browser ended it, or `end` did. */
  broken: Promise<never>;
  /** Ends the worker at once, whatever it is at; calls in progress are told of the reason. */
  end(reason: LabError): void;
}

/**
 * Starts to listen to a worker. A worker that ends by itself, as one out of memory does, is noticed by a lock it held;
 * one that ends before it holds the lock, by a clock.
 */
export function startWorker<Offered>(worker: Worker, startedMs = STARTED_MS): Worked<Offered> {
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
  const end = (reason: LabError): void => {
    stop(reason);
    worker.terminate();
  };
  void noticeEnd(remote, startedMs, (message) => end(new LabError('interrupted', message)));
  return { remote, broken, end };
}

/** Waits for the lock that the worker holds: no clock says when a busy worker is a dead one. */
async function noticeEnd(worker: Alive, startedMs: number, onEnd: (message: string) => void): Promise<void> {
  // TypeScript's library has it everywhere; a page without a secure connection has none.
  if (!('locks' in navigator)) return;
  const lock = `worker ${crypto.randomUUID()}`;
  const late = setTimeout(() => onEnd('What computes here did not start.'), startedMs);
  try {
    await worker.hold(lock);
    clearTimeout(late);
    await navigator.locks.request(lock, () =>
      onEnd('The browser ended what computes here, perhaps for want of memory.'),
    );
  } catch {
    // The worker's script failed, which its error event tells.
  }
}
