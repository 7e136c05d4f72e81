import { createHash } from 'node:crypto';
import type { Tensor } from '../src/tensor/tensor.ts';

/**
 * The awkward test tensor of the golden hashes: deterministic, about uniform plus uniform in ±0.05, its length no
 * multiple of a block. x_i = ((i·2654435761 + 12345 mod 2^32)/2^32 + (i·40503 + 7 mod 2^16)/2^16 − 1)·0.05.
 */
export function goldenTensor(shape: readonly number[]): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: n }, (_, i) => {
    const a = ((Math.imul(i, 2654435761) + 12345) >>> 0) / 2 ** 32;
    const b = ((i * 40503 + 7) % 65536) / 65536;
    return (a + b - 1) * 0.05;
  });
  return { shape, data };
}

/** The first 16 hex digits of the SHA-256 of an array's little-endian bytes. */
export const sha = (a: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(a.buffer, a.byteOffset, a.byteLength))
    .digest('hex')
    .slice(0, 16);
