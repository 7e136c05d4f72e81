import { expect, test } from 'vitest';
import { oneBlock } from './one_block.ts';

test('the block of the doc comment of quantizeBlockwise, by hand', () => {
  const { absmax, steps, bytes } = oneBlock('nf4');
  expect(absmax).toBeCloseTo(0.94, 6);
  expect(steps.map(({ nibble }) => nibble.toString(16)).join('')).toBe('a0d74e69');
  expect(bytes).toEqual([0xa0, 0xd7, 0x4e, 0x69]);
  expect(steps.map(({ back }) => back.toFixed(3))).toEqual([
    '0.231',
    '-0.940',
    '0.529',
    '0.000',
    '-0.267',
    '0.680',
    '-0.086',
    '0.151',
  ]);
});
