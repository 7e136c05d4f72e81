import { describe, expect, it } from 'vitest';
import { decode, encodeBF16, encodeF16 } from '../tensor/dtype.ts';
import { seededRandom } from '../tensor/random.ts';
import { dequantize, quantize } from './quantize.ts';
import { GRID_BLOCK, isOnGrid } from './weight_grid.ts';

const ROWS = 16;
const COLUMNS = 256;

function random(seed: number): Float32Array<ArrayBuffer> {
  const { normal } = seededRandom(seed);
  return Float32Array.from({ length: ROWS * COLUMNS }, () => 0.05 * normal());
}

const STORED: Record<string, (weights: Float32Array) => Float32Array> = {
  F32: (weights) => weights,
  F16: (weights) => decode('F16', new Uint8Array(encodeF16(weights).buffer)),
  BF16: (weights) => decode('BF16', new Uint8Array(encodeBF16(weights).buffer)),
};

/** The share of the blocks that say something which lie on a grid. */
function shareOnGrid(weights: Float32Array): number {
  const found = Array.from({ length: weights.length / GRID_BLOCK }, (_, i) =>
    isOnGrid(weights.subarray(i * GRID_BLOCK, (i + 1) * GRID_BLOCK)),
  ).filter((on) => on !== undefined);
  return found.filter(Boolean).length / found.length;
}

describe.each(Object.entries(STORED))('weights stored as %s', (_, stored) => {
  it.each(['Q4_0', 'Q4_1', 'Q4_K'] as const)('that were %s lie on a grid', (gguf_type) => {
    const tensor = { shape: [ROWS, COLUMNS], data: random(1) };
    const back = dequantize(quantize(tensor, { quant_type: 'gguf', gguf_type, compute_dtype: 'float32' }));
    expect(shareOnGrid(stored(back.data))).toBeGreaterThan(0.99);
  });

  it('as they were drawn do not', () => {
    expect(shareOnGrid(stored(random(2)))).toBe(0);
  });

  it('that were NF4 or INT8 do not: those grids are uneven, or finer', () => {
    const tensor = { shape: [ROWS, COLUMNS], data: random(3) };
    const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
    const int8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;
    for (const config of [nf4, int8]) {
      expect(shareOnGrid(stored(dequantize(quantize(tensor, config)).data))).toBeLessThan(0.05);
    }
  });
});

it('blocks of one or two values say nothing, and numbers that are none are on no grid', () => {
  expect(isOnGrid(new Float32Array(GRID_BLOCK))).toBeUndefined();
  expect(isOnGrid(Float32Array.from({ length: GRID_BLOCK }, (_, i) => i % 2))).toBeUndefined();
  expect(isOnGrid(Float32Array.from({ length: GRID_BLOCK }, (_, i) => (i === 3 ? Infinity : i % 3)))).toBe(
    false,
  );
  // A shift beside which the steps vanish in bfloat16.
  expect(isOnGrid(Float32Array.from({ length: GRID_BLOCK }, (_, i) => 1000 + (i % 5)))).toBe(false);
});
