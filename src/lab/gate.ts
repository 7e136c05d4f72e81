import type { RunEvent } from './protocol.ts';

/** A gate that a run passes between two items: shut while the run is paused. */
export interface Gate {
  set(paused: boolean): void;
  readonly paused: boolean;
  /** Resolves when it opens, or when the run is stopped. */
  opened(signal: AbortSignal): Promise<void>;
}

/** A gate that is open. */
export function openGate(): Gate {
  let paused = false;
  const waiting = new Set<() => void>();
  return {
    set(shut) {
      paused = shut;
      if (shut) return;
      for (const go of waiting) go();
      waiting.clear();
    },
    get paused() {
      return paused;
    },
    async opened(signal) {
      while (paused && !signal.aborted) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    },
  };
}

/** Waits as long as the run is paused, and says so; throws once it is stopped. */
export async function passGate(
  gate: Gate,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!gate.paused) return;
  emit({ type: 'paused' });
  await gate.opened(signal);
  signal.throwIfAborted();
  emit({ type: 'continued' });
}
