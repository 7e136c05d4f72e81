import { LabError, toFailure } from '../errors.ts';
import type { Gpu } from '../gpu/device/device.ts';
import type { Host } from './host.ts';
import type { RunEvent } from './protocol.ts';

/** Milliseconds before each try to get a GPU after a loss: a browser that restarts its GPU process needs some. */
const WAITS_MS = [500, 2000, 8000];

/** What going on after a loss needs. */
export interface Survivor {
  host: Pick<Host, 'gpu'>;
  emit: (event: RunEvent) => void;
  signal: AbortSignal;
  /** Answers stored so far. */
  answers: () => Promise<number>;
}

/**
 * Does work on the host's GPU, and after a loss again on a new one. The work goes on by itself from what is stored.
 * @throws device-lost where three GPUs in a row were lost without an answer between: then the work is to blame.
 * @throws gpu-gone where none is offered after a loss.
 */
export async function survivingLoss<T>(
  { host, emit, signal, answers }: Survivor,
  work: (gpu: Gpu) => Promise<T>,
): Promise<T> {
  let before = await answers();
  let losses = 0;
  let gpu = await host.gpu();
  for (;;) {
    try {
      return await work(gpu);
    } catch (error) {
      const failure = toFailure(error);
      if (signal.aborted || failure.code !== 'device-lost') throw error;
      const now = await answers();
      losses = now > before ? 1 : losses + 1;
      before = now;
      if (losses > WAITS_MS.length - 1) throw error;
      emit({ type: 'device-lost', failure });
      gpu = await newGpu(host, signal);
    }
  }
}

async function newGpu(host: Pick<Host, 'gpu'>, signal: AbortSignal): Promise<Gpu> {
  let reason = '';
  for (const wait of WAITS_MS) {
    await pause(wait, signal);
    try {
      return await host.gpu();
    } catch (error) {
      reason = toFailure(error).message;
    }
  }
  throw new LabError('gpu-gone', `The GPU was lost, and there is none to go on with: ${reason}`);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      end();
    });
  });
