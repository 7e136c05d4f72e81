import { expect, it } from 'vitest';
import { dequantize } from '../../quant/quantize.ts';
import { quantizeFp8 } from '../../quant/fp8.ts';
import { normals } from '../kernels/cases.ts';
import { inShiftedBlocks } from './shifted_blocks.ts';

const weights = (rows: number, columns: number) => ({
  shape: [rows, columns],
  data: normals(rows * columns, 1),
});

it('a row of 96 that is a block becomes three blocks of 32, with the same weights', () => {
  const rows = quantizeFp8(weights(4, 96), 'row');
  const blocks = inShiftedBlocks(rows);
  expect(blocks.blocksize).toBe(32);
  expect(blocks.scales.absmax).toHaveLength(12);
  expect(dequantize(blocks)).toEqual(dequantize(rows));
});

it('blocks of a power of two stay as they are', () => {
  const rows = quantizeFp8(weights(4, 64), 'row');
  expect(inShiftedBlocks(rows)).toBe(rows);
});
