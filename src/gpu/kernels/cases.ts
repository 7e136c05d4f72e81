import { seededRandom } from '../../tensor/random.ts';

/** Seeded N(0, 1) values for a check. */
export function normals(count: number, seed: number): Float32Array<ArrayBuffer> {
  const seeded = seededRandom(seed);
  return Float32Array.from({ length: count }, () => seeded.normal());
}

/** Space for `count` float32 results. */
export const floats = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count);
