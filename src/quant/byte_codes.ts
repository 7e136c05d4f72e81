import type { Tensor } from '../tensor/tensor.ts';
import type { ByteCodes } from './quantized.ts';

/** float32 weights of 8-bit codes, each one float32 product `code[byte] · scale[block]`. */
export function dequantizeBytes({ shape, blocksize, code, codes, scales }: ByteCodes): Tensor {
  const data = Float32Array.from(codes, (byte, i) => code[byte]! * scales.absmax[Math.floor(i / blocksize)]!);
  return { shape, data };
}
