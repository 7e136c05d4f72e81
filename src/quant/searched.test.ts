import { describe, expect, it } from 'vitest';
import { seededRandom } from '../tensor/random.ts';
import { quantizeBlockwise } from './blockwise.ts';
import { CODEBOOK_ROWS } from './config.ts';
import { report } from './error.ts';
import { NF4 } from './formats/nf4.ts';
import { quantizeSearched } from './searched.ts';

const { normal } = seededRandom(11);
const weights = { shape: [16, 256], data: Float32Array.from({ length: 4096 }, () => normal()) };

describe('quantizeSearched', () => {
  it.each(CODEBOOK_ROWS.map(({ quant_type, codebook }) => [quant_type, codebook] as const))(
    'loses less than absmax under %s',
    (_, book) => {
      const searched = report(weights, quantizeSearched(weights, book, 64));
      const plain = report(weights, quantizeBlockwise(weights, book, 64));
      expect(searched.mse).toBeLessThan(plain.mse);
      expect(searched.bits_per_weight).toBe(plain.bits_per_weight);
    },
  );

  it('no scale it tries would lose less in any block', () => {
    const { scales } = quantizeSearched(weights, NF4, 64);
    const errorAt = (block: Float32Array, scale: number) =>
      block.reduce((sum, x) => sum + Math.min(...[...NF4.code].map((code) => (x - code * scale) ** 2)), 0);
    scales.absmax.forEach((scale, b) => {
      const block = weights.data.subarray(64 * b, 64 * b + 64);
      const largest = Math.max(...block.map(Math.abs));
      for (let i = 0; i <= 30; i++) {
        expect(errorAt(block, scale)).toBeLessThan(errorAt(block, largest * (1 - i / 60)) + 1e-6);
      }
    });
  });

  it('keeps a block of zeros, and an odd number of weights', () => {
    const data = Float32Array.of(...new Array<number>(64).fill(0), 1, -2, 3);
    const { scales, packed } = quantizeSearched({ shape: [67], data }, NF4, 64);
    expect(scales.absmax[0]).toBe(0);
    expect(packed).toHaveLength(34);
  });
});
