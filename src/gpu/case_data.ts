import { seededRandom } from '../tensor/random.ts';

/** Seeded N(0, 1) values for a check. */
export function normals(count: number, seed: number): Float32Array<ArrayBuffer> {
  const seeded = seededRandom(seed);
  return Float32Array.from({ length: count }, () => seeded.normal());
}

/** Space for `count` float32 results. */
export const floats = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count);

/** Any bytes as the u32 words a shader reads, padded with zeros. */
export function words(view: ArrayBufferView<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(view.byteLength / 4) * 4);
  padded.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return new Uint32Array(padded.buffer);
}

/** The bytes of words, the other way round. */
export const bytes = (view: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
