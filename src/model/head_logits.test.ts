import { describe, expect, it } from 'vitest';
import { BAND, STRIP } from '../gpu/device/limits.ts';
import { bandsOf } from './head_logits.ts';
import { headLengths } from './workspace_sizes.ts';

describe('bands of the vocabulary', () => {
  it.each([
    [512, 49_152, 12],
    [130, 128_256, 9],
    [1, 151_936, 1],
    // A strip of each row where more would be too many.
    [8192, 1024, 2],
    [7, 3, 1],
  ])('%i rows, %i entries: %i bands', (R, V, count) => {
    const bands = bandsOf(R, V);
    expect(bands).toHaveLength(count);
    let next = 0;
    for (const { first, width } of bands) {
      expect(first).toBe(next);
      expect(first % STRIP).toBe(0);
      expect(width === STRIP || R * width <= BAND).toBe(true);
      next += width;
    }
    expect(next).toBe(V);
  });

  it('fit the buffer that was made for as many rows or more', () => {
    for (const rows of [1, 3, 64, 300, 511, 8192]) {
      const { logits } = headLengths(64, 49_152, rows, 1);
      for (let R = 1; R <= rows; R += 7) expect(R * bandsOf(R, 49_152)[0]!.width).toBeLessThanOrEqual(logits);
    }
  });

  it('take 8 MiB of a pass of 512 tokens of Llama 3, where all logits would take 251', () => {
    expect(4 * headLengths(2048, 128_256, 512, 512).logits).toBe(8 * 2 ** 20);
    expect(Math.ceil((4 * 512 * 128_256) / 2 ** 20)).toBe(251);
  });
});
