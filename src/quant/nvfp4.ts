import type { Tensor } from '../tensor/tensor.ts';
import { absmaxOf } from './absmax.ts';
import { E2M1, E2M1_MAX, nearestE2M1 } from './e2m1.ts';
import { E4M3, E4M3_MAX, E4M3_SMALLEST_NORMAL, nearestE4M3 } from './e4m3.ts';
import { packNibbles } from './pack.ts';
import type { Blockwise4bit } from './quantized.ts';

/** Consecutive weights of a row that share a scale. */
export const NV_BLOCKSIZE = 16;

const { fround } = Math;

/**
 * Quantizes rows [rows, columns], columns a multiple of 16, to NVFP4: E2M1 codes, an E4M3 scale a block, one float32
 * for the tensor. Tools differ in the order of their operations, and with it in some codes; this is torchao's
 * (nvfp4_tensor.py, nvfp4_quantize), which multiplies weights by a reciprocal.
 */
export function quantizeNvfp4({ data, shape }: Tensor): Blockwise4bit {
  const tensor_scale = fround(absmaxOf(data, 0, data.length) / (E4M3_MAX * E2M1_MAX));
  const codes = new Uint8Array(data.length / NV_BLOCKSIZE);
  const nibbles = new Uint8Array(data.length);
  codes.forEach((_, b) => {
    const begin = b * NV_BLOCKSIZE;
    const end = begin + NV_BLOCKSIZE;
    const wanted = fround(fround(absmaxOf(data, begin, end) / E2M1_MAX) / (tensor_scale || 1));
    const scale = nearestE4M3(Math.max(wanted, E4M3_SMALLEST_NORMAL));
    codes[b] = scale;
    const reciprocal = fround(fround(1 / (tensor_scale || 1)) / E4M3[scale]!);
    for (let i = begin; i < end; i++) nibbles[i] = nearestE2M1(fround(data[i]! * reciprocal));
  });
  return {
    quant_type: 'nvfp4',
    shape,
    blocksize: NV_BLOCKSIZE,
    code: E2M1,
    packed: packNibbles(nibbles),
    scales: { kind: 'e4m3', codes, tensor_scale },
  };
}
