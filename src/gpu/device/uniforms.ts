import { createBuffer, untilProven } from './buffers.ts';
import type { Gpu } from './device.ts';

/** Dynamic uniform offsets are multiples of 256 bytes on every adapter. */
export const PARAMS_STRIDE = 256;
/** Sets of parameters kept at a time: those of some ten shapes of passes. */
const MOST_SETS = 256;

/** Sets of kernel parameters side by side in one buffer, each written once. */
export interface Uniforms {
  readonly buffer: GPUBuffer;
  /** Rejects where there is no room for the buffer. */
  readonly proof: Promise<void>;
  /** Whether another set finds room; where none does, what was recorded is handed over and all sets forgotten. */
  readonly full: boolean;
  /** The byte offset of a set, put in if it is new. */
  offsetOf(types: Readonly<Record<string, 'u32' | 'f32'>>, params: Readonly<Record<string, number>>): number;
  /** Writes what is new since the last time; to be called before a submit that reads it. */
  flush(): void;
  /** Forgets all sets, which the queue has read. */
  clear(): void;
}

/** Uniforms without a set. */
export function openUniforms(gpu: Gpu): Uniforms {
  const { buffer, proof } = createBuffer(gpu, {
    label: 'parameters of kernels',
    size: PARAMS_STRIDE * MOST_SETS,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  untilProven(gpu, proof);
  const offsets = new Map<string, number>();
  const staging = new ArrayBuffer(buffer.size);
  const words = new Uint32Array(PARAMS_STRIDE / 4);
  const floats = new Float32Array(words.buffer);
  let written = 0;
  return {
    buffer,
    proof,
    get full() {
      return offsets.size === MOST_SETS;
    },
    offsetOf(types, params) {
      let n = 0;
      let key = '';
      for (const name in types) {
        if (types[name] === 'u32') words[n] = params[name]!;
        else floats[n] = params[name]!;
        key += `${words[n++]} `;
      }
      const known = offsets.get(key);
      if (known !== undefined) return known;
      const offset = PARAMS_STRIDE * offsets.size;
      new Uint32Array(staging, offset, n).set(words.subarray(0, n));
      offsets.set(key, offset);
      return offset;
    },
    flush() {
      const end = PARAMS_STRIDE * offsets.size;
      if (end > written) gpu.device.queue.writeBuffer(buffer, written, staging, written, end - written);
      written = end;
    },
    clear() {
      offsets.clear();
      written = 0;
    },
  };
}
