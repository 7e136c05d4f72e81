import type { Tensor } from '../tensor/tensor.ts';
import { rangeOf } from './absmax.ts';
import { ruler } from './codebook.ts';
import { roundHalfEven } from './int8.ts';
import { packNibbles } from './pack.ts';
import type { Blockwise4bit } from './quantized.ts';

const { fround } = Math;

/**
 * Quantizes rows [rows, columns] to whole numbers from -8 to 7 in groups along the row, by the group's largest magnitude
 * or, with a zero point, by its smallest and largest weight: byte for byte as compressed-tensors does
 * (quantization/utils/helpers.py, calculate_qparams; forward.py, _quantize).
 */
export function quantizeInt4Group(
  { data, shape }: Tensor,
  { group_size, symmetric }: { group_size: number; symmetric: boolean },
): Blockwise4bit {
  const groups = data.length / group_size;
  const scales = new Float32Array(groups);
  const zeros = new Float32Array(groups);
  const nibbles = new Uint8Array(data.length);
  for (let g = 0; g < groups; g++) {
    const begin = g * group_size;
    const group = data.subarray(begin, begin + group_size);
    const { low, high } = rangeOf(group);
    // Zero is always in the range.
    const { scale, zero } = (symmetric ? even : shifted)(Math.min(low, 0), Math.max(high, 0));
    scales[g] = scale;
    zeros[g] = zero;
    group.forEach((x, i) => {
      const code = roundHalfEven(fround(fround(x / scale) + zero));
      nibbles[begin + i] = Math.max(-8, Math.min(7, code)) + 8;
    });
  }
  return {
    quant_type: 'int4_group',
    shape,
    blocksize: group_size,
    code: ruler(-8),
    packed: packNibbles(nibbles),
    scales: { kind: 'absmax', absmax: scales, bits: 32 },
    ...(symmetric ? {} : { shift: { kind: 'zero', values: zeros, bits: 4 } }),
  };
}

/** Stands in for the scale of a group of zeros: float32's epsilon. */
const ZERO_SCALE = 2 ** -23;

const even = (low: number, high: number) => ({
  scale: fround(Math.max(-low, high) / 7.5) || ZERO_SCALE,
  zero: 0,
});

function shifted(low: number, high: number): { scale: number; zero: number } {
  const scale = fround(fround(high - low) / 15);
  if (scale === 0) return { scale: ZERO_SCALE, zero: 0 };
  const zero = fround(-8 - fround(low / scale));
  return { scale, zero: roundHalfEven(Math.max(-8, Math.min(7, zero))) };
}
