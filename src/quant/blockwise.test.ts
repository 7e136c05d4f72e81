import { describe, expect, it } from 'vitest';
import { dequantizeBlockwise, quantizeBlockwise } from './blockwise.ts';
import { FP4 } from './formats/fp4.ts';
import { INT4 } from './formats/int4.ts';
import { NF4 } from './formats/nf4.ts';
import { customCodebook, nearest, type Codebook } from './codebook.ts';
import { goldenTensor, sha } from '../../test/fixtures/golden_tensor.ts';
import { packNibbles, unpackNibbles } from './pack.ts';
import { report, scaledHistogram, usedLevels } from './error.ts';
import { roundToBF16, roundToF16 } from '../tensor/dtype.ts';
import { seededRandom } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';

const vector = (values: readonly number[]): Tensor => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('one block by hand', () => {
  const weights = vector([0.231, -0.94, 0.5, 0, -0.31, 0.72, -0.05, 0.12]);
  const q = quantizeBlockwise(weights, NF4, 64);

  it('is the example of the documentation', () => {
    expect(hex(q.packed)).toBe('a0d74e69');
    expect([...q.scales.absmax]).toEqual([Math.fround(0.94)]);
    const back = [...dequantizeBlockwise(q).data].map((v) => v.toFixed(3));
    expect(back).toEqual(['0.231', '-0.940', '0.529', '0.000', '-0.267', '0.680', '-0.086', '0.151']);
  });

  it('reports its error and its cost', () => {
    const r = report(weights, q);
    expect(r.mean_abs_error).toBeCloseTo(0.0224, 4);
    expect(r.max_abs_error).toBeCloseTo(0.0426, 3);
    // Four bytes of codes and four of absmax for eight weights.
    expect(r.bits_per_weight).toBe(8);
    expect(usedLevels(q).counts[7]).toBe(1);
    expect(scaledHistogram(weights, q, 4)).toEqual([1, 2, 3, 2]);
  });
});

describe('bitsandbytes golden vectors', () => {
  // Written by bitsandbytes 0.50.2.dev0 on the CPU; FP4 by its torch backend.
  const n = 8229;
  const cast = (round: (x: number) => number): Tensor => {
    const t = goldenTensor([n]);
    return { shape: [n], data: t.data.map(round) };
  };
  const rows = [
    ['float32 nf4 64', (x: number) => x, NF4, 64, 'bcbe530195a0c8dd', 'c6331f7f6321b581', '988955f819f81afe'],
    [
      'float32 nf4 128',
      (x: number) => x,
      NF4,
      128,
      '391596599d734ebf',
      'ff9b37c301b93140',
      '8a678d24dc74fe53',
    ],
    ['bfloat16 nf4 64', roundToBF16, NF4, 64, '4dde9e16e249096f', 'ac4e217f07816ffd', undefined],
    ['float16 nf4 64', roundToF16, NF4, 64, 'e54af3529a057954', '4815097f13c0a9ff', undefined],
    ['float32 fp4 64', (x: number) => x, FP4, 64, 'c5960128fb16b581', 'c6331f7f6321b581', '825e40ef0e98a47c'],
  ] as const;

  it('start from the same input', () => {
    expect(sha(goldenTensor([n]).data)).toBe('f8b7cf2f619f4dac');
  });

  it.each(rows)('%s: same bytes', (_, round, book, blocksize, packed, absmax, dequantized) => {
    const q = quantizeBlockwise(cast(round), book, blocksize);
    expect(sha(q.packed)).toBe(packed);
    expect(sha(q.scales.absmax)).toBe(absmax);
    // bitsandbytes dequantizes to the input's dtype; only float32's is ours.
    if (dequantized) expect(sha(dequantizeBlockwise(q).data)).toBe(dequantized);
  });

  it('first bytes read as published', () => {
    expect(
      hex(
        quantizeBlockwise(
          cast((x) => x),
          NF4,
          64,
        ).packed.slice(0, 8),
      ),
    ).toBe('0a2e61c3f91d50b3');
    expect(
      hex(
        quantizeBlockwise(
          cast((x) => x),
          FP4,
          64,
        ).packed.slice(0, 8),
      ),
    ).toBe('b7d29a4c36a2eb4d');
  });
});

describe('edges', () => {
  it('an all-zero block is bitsandbytes torch: nibble 7 in NF4, 0 in FP4, absmax 0', () => {
    const zeros = vector(new Array<number>(64).fill(0));
    expect(quantizeBlockwise(zeros, NF4, 64).packed.every((b) => b === 0x77)).toBe(true);
    expect(quantizeBlockwise(zeros, FP4, 64).packed.every((b) => b === 0x00)).toBe(true);
    expect(quantizeBlockwise(zeros, NF4, 64).scales.absmax[0]).toBe(0);
  });

  it('a ragged zero block stores the clamped absmax', () => {
    expect(quantizeBlockwise(vector([0, 0, 0]), NF4, 64).scales.absmax[0]).toBe(Math.fround(1e-38));
  });

  it('an odd count pads the last low nibble with a zero weight', () => {
    expect(hex(quantizeBlockwise(vector([1, -1, 1]), NF4, 64).packed)).toBe('f0f7');
    expect(hex(quantizeBlockwise(vector([1, -1, 1]), FP4, 64).packed)).toBe('3b30');
  });

  it('ties go to the lower value', () => {
    const tie = NF4.thresholds[9]!;
    expect(nearest(NF4, tie)).toBe(9);
    expect(nearest(NF4, tie + 1e-7)).toBe(10);
  });

  it('every value of a code is its own nearest, every neighbour beyond a midpoint is not', () => {
    for (const book of [NF4, FP4, INT4]) {
      for (const nibble of book.code.keys()) {
        expect(book.code[nearest(book, book.code[nibble]!)]).toBe(book.code[nibble]);
      }
    }
  });

  it('blocks run across rows when the row length is no multiple of blocksize', () => {
    const flat = goldenTensor([3, 40]);
    const q = quantizeBlockwise(flat, NF4, 32);
    expect(q.scales.absmax.length).toBe(4);
    expect(q.scales.absmax[1]).toBe(Math.max(...flat.data.slice(32, 64).map(Math.abs)));
  });

  it('an empty tensor has no codes', () => {
    expect(quantizeBlockwise(vector([]), NF4, 64).packed.length).toBe(0);
  });

  it('a custom code in any order picks the nearest value', () => {
    const code = [0.5, -1, 1, -0.5, ...Array.from({ length: 12 }, (_, i) => i / 100)];
    const book = customCodebook(code);
    expect(nearest(book, 0.8)).toBe(2);
    expect(nearest(book, -0.6)).toBe(3);
    expect(() => customCodebook([1, 2])).toThrow('2 values');
    expect(() => customCodebook([...code.slice(0, 15), 1.5])).toThrow('code[15] is 1.5');
    expect(() => customCodebook([...code.slice(0, 15), NaN])).toThrow('code[15] is NaN');
  });

  it('nibbles survive packing', () => {
    const nibbles = Uint8Array.from({ length: 7 }, (_, i) => (i * 5) % 16);
    expect(unpackNibbles(packNibbles(nibbles), 7)).toEqual(nibbles);
  });
});

describe('statistics of the error, against bitsandbytes', () => {
  // tests/test_functional.py of bitsandbytes: mean |error| of N(0,1) and its standard deviation over runs of 1024².
  const NF4_ERROR = {
    32: [0.067746, 0.000069],
    64: [0.072798, 0.000074],
    128: [0.076831, 0.000091],
    256: [0.080337, 0.000102],
    512: [0.083547, 0.000143],
    1024: [0.08661, 0.000187],
    2048: [0.089592, 0.000251],
    4096: [0.092547, 0.00036],
  };
  const FP4_ERROR = {
    32: [0.088925, 0.000091],
    64: [0.096543, 0.000111],
    128: [0.102969, 0.000134],
    256: [0.108684, 0.000182],
    512: [0.114115, 0.000234],
    1024: [0.119333, 0.00032],
    2048: [0.124556, 0.000455],
    4096: [0.129536, 0.000612],
  };
  const seeded = seededRandom(7);
  const data = Float32Array.from({ length: 1024 * 1024 }, () => seeded.normal());
  const normal: Tensor = { shape: [1024, 1024], data };
  const cases = [NF4_ERROR, FP4_ERROR].flatMap((table, i) =>
    Object.entries(table).map(([bs, [mean, sd]]) => [['nf4', 'fp4'][i]!, Number(bs), mean!, sd!] as const),
  );

  it.each(cases)('%s at blocksize %i', (name, blocksize, mean, sd) => {
    const q = quantizeBlockwise(normal, name === 'nf4' ? NF4 : FP4, blocksize);
    expect(Math.abs(report(normal, q).mean_abs_error - mean)).toBeLessThan(7 * sd);
  });

  it('a plain ruler beats NF4 on uniform weights, and loses on normal ones', () => {
    const uniform: Tensor = {
      shape: [65536],
      data: Float32Array.from({ length: 65536 }, () => 2 * seeded.uniform() - 1),
    };
    const error = (t: Tensor, book: Codebook) => report(t, quantizeBlockwise(t, book, 64)).mean_abs_error;
    expect(error(uniform, INT4)).toBeCloseTo(0.0346, 3);
    expect(error(uniform, NF4)).toBeCloseTo(0.0405, 3);
    expect(error(normal, INT4)).toBeCloseTo(0.0915, 3);
  });
});
