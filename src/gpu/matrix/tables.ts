import type { Arena } from '../device/buffers.ts';

/**
 * Tables of values on the device, a codebook or the scales that codes stand for, each brought there once: matrices whose
 * tables are equal share one, so that they can be put together.
 */
export type Tables = (values: Float32Array<ArrayBuffer>, what: string) => Promise<GPUBuffer>;

/** Tables in an arena, none there yet. */
export function openTables(arena: Arena): Tables {
  const made = new Map<string, Promise<GPUBuffer>>();
  return (values, what) => {
    // By their bits: 0 and −0 are two values.
    const key = new Uint32Array(values.buffer, values.byteOffset, values.length).join();
    const table = made.get(key) ?? arena.upload(values, what);
    made.set(key, table);
    return table;
  };
}
