import type { Tensor } from '../tensor/tensor.ts';
import { absmaxOf } from './absmax.ts';
import type { Int8Tensor } from './quantized.ts';

/** 1/127 in float32, as bitsandbytes writes it (backends/default/ops.py, int8_vectorwise_dequant). */
export const INVERSE_127 = Math.fround(7.874015718698502e-3);

/**
 * Quantizes a [rows, columns] tensor to 8-bit integers: weight · 127/absmax, rounded half to even, with one
 * absmax a row or one for the whole tensor. A row with absmax 2 takes 1.0 to 64 (63.5 is a tie) and back to 1.0079.
 * With `CB`, as many zeros, the integers are written there.
 * The row form is bitsandbytes' int8_vectorwise_quant with threshold 0 (backends/default/ops.py).
 */
export function quantizeInt8(
  { data, shape }: Tensor,
  granularity: 'row' | 'tensor',
  CB = new Int8Array(data.length),
): Int8Tensor {
  const columns = granularity === 'tensor' ? data.length : shape.at(-1)!;
  const rows = columns === 0 ? 0 : data.length / columns;
  const SCB = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns;
    const end = begin + columns;
    const largest = absmaxOf(data, begin, end);
    SCB[row] = largest;
    if (largest === 0) continue;
    const scale = int8Scale(largest);
    for (let i = begin; i < end; i++) CB[i] = roundHalfEven(Math.fround(data[i]! * scale));
  }
  return { quant_type: 'int8', shape, CB, SCB };
}

/** float32 weights of the integers: CB · SCB · (1/127), two float32 products. */
export function dequantizeInt8({ shape, CB, SCB }: Int8Tensor): Tensor {
  const columns = CB.length / SCB.length;
  const data = Float32Array.from(CB, (q, i) => Math.fround(q * SCB[Math.floor(i / columns)]!) * INVERSE_127);
  return { shape, data };
}

/** Adding and removing 1.5·2^23 leaves no fraction bits in float32, and that addition rounds half to even. */
const NO_FRACTION = 1.5 * 2 ** 23;

/**
 * 127 / absmax as torch computes a number over a tensor: the reciprocal times 127, rounded twice. A true quotient
 * would move a code in some hundred.
 */
export const int8Scale = (absmax: number): number => Math.fround(127 * Math.fround(1 / absmax));

/** The nearest integer, ties to the even one: `roundHalfEven(2.5)` is 2. For magnitudes below 2^22. */
export function roundHalfEven(x: number): number {
  return Math.fround(x + NO_FRACTION) - NO_FRACTION;
}
