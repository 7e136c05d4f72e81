import { describe, expect, it } from 'vitest';
import type { PairedComparison, PairedMean } from './paired.ts';
import { powerOf, powerSentence } from './power.ts';

describe('powerSentence', () => {
  it('says what n docs show and what one point takes', () => {
    // (1.96 sqrt(0.1) + 0.84 sqrt(0.1 - d²))² / d² is 200 at d = 0.0624, 7847 at 0.01.
    expect(powerSentence(200)).toBe(
      'With n = 200 and 10.0 % of the docs flipping, differences of 6.2 points show four times in five; 1 point takes about 7,800 docs',
    );
    expect(powerSentence(1172, 0.02)).toBe(
      'With n = 1,172 and 2.0 % of the docs flipping, differences of 1.2 points show four times in five; 1 point takes about 1,600 docs',
    );
  });

  it('admits where even flips all one way would not show', () => {
    expect(powerSentence(20, 0.05)).toBe(
      'With n = 20 and 5.0 % of the docs flipping, not even flips all one way show four times in five; 1 point takes about 3,900 docs',
    );
    expect(powerSentence(5000, 0.005)).toContain('1 point cannot come from so few flips');
  });
});

describe('powerOf', () => {
  const compared = (n: number, gained: number, lost: number, test: PairedMean['test'] = 'mcnemar') =>
    ({
      n,
      means: [{ metric: 'acc', gained, lost, test }],
      ratios: [],
      margin: null,
    }) as unknown as PairedComparison;

  it('takes the share of flips that was found, the largest of several', () => {
    expect(powerOf([compared(100, 1, 3), compared(100, 2, 10)], 'acc')).toBe(powerSentence(100, 0.12));
    expect(powerOf([compared(100, 0, 0)], 'acc')).toBe(powerSentence(100, 0.1));
  });

  it('says nothing of graded values', () => {
    expect(powerOf([compared(100, 1, 3, 'randomization')], 'acc')).toBeUndefined();
    expect(powerOf([compared(100, 1, 3)], 'f1')).toBeUndefined();
  });
});
