import { openArena, type Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';

/**
 * Weights on the device that no configuration changes: embeddings, head, norms, biases. The first configuration of a
 * run brings them, and the others find them there.
 */
export interface SharedWeights {
  readonly gpu: Gpu;
  /** Bytes of their buffers. */
  readonly bytes: number;
  /** True if they are there, or on their way. */
  has(name: string): boolean;
  /** Those of a name, made once, with buffers of the arena that `make` is given. */
  once<T>(name: string, make: (arena: Arena) => Promise<T>): Promise<T>;
  /** Frees them all; whoever asks next makes them anew. */
  close(): void;
}

/** Shared weights, of which none is there yet. */
export function openShared(gpu: Gpu): SharedWeights {
  const arena = openArena(gpu);
  const made = new Map<string, Promise<unknown>>();
  return {
    gpu,
    get bytes() {
      return arena.bytes;
    },
    has: (name) => made.has(name),
    once<T>(name: string, make: (arena: Arena) => Promise<T>): Promise<T> {
      const known = (made.get(name) as Promise<T> | undefined) ?? make(arena);
      made.set(name, known);
      return known;
    },
    close() {
      made.clear();
      arena.close();
    },
  };
}

/** The shared weights of a run, wherever it is. */
export interface Sharing {
  /** Those on a device; what lay on another one is freed. */
  on(gpu: Gpu): SharedWeights;
  close(): void;
}

/** Shared weights for a run that may lose its device: on the next one they begin anew. */
export function shareOnDevice(): Sharing {
  let shared: SharedWeights | undefined;
  return {
    on(gpu) {
      if (shared && shared.gpu !== gpu) shared.close();
      return (shared = shared?.gpu === gpu ? shared : openShared(gpu));
    },
    close: () => shared?.close(),
  };
}
