import { constants } from 'node:os';

/** Signals by which a terminal, a scheduler or a shutdown asks a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Milliseconds a run may take to stop by itself: an item of a large model can last minutes. */
const GRACE = 5000;

/** The asking to end, as it comes in. */
export interface Interrupt {
  /** Aborted with the first signal. */
  signal: AbortSignal;
  /** Resolves when nothing is waited for any longer: some seconds after the first signal, or with the second. */
  over: Promise<void>;
  /** The signal that came, and the exit status that tells of it: 130 for SIGINT, 143 for SIGTERM. */
  came(): { name: string; status: number } | undefined;
  close(): void;
}

/** Takes the signals over from Node, which would end at once, until closed. */
export function listenForSignals(): Interrupt {
  const stop = new AbortController();
  let first: NodeJS.Signals | undefined;
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (finish = resolve));
  const hear = (signal: NodeJS.Signals): void => {
    if (first !== undefined) {
      finish();
      return;
    }
    first = signal;
    stop.abort();
    setTimeout(finish, GRACE).unref();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    signal: stop.signal,
    over,
    came: () => first && { name: first, status: 128 + constants.signals[first] },
    close: () => SIGNALS.forEach((signal) => process.off(signal, hear)),
  };
}
