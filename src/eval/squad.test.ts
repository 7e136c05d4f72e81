import { describe, expect, it } from 'vitest';
import golden from '../../test/golden/eval.json';
import { exactMatch, leaveOneOut, normalizeAnswer, tokenF1 } from './squad.ts';

describe('answers against references', () => {
  it.each(golden.answers)('$refs and $pred', ({ refs, pred, em, f1, normalized }) => {
    expect(normalizeAnswer(pred)).toBe(normalized);
    expect(leaveOneOut(exactMatch, refs, pred)).toBe(em);
    expect(leaveOneOut(tokenF1, refs, pred)).toBe(f1);
  });

  it('a hand example: two of three words found, one of them asked for twice', () => {
    // refs {red, hat}, pred {red, red, coat}: 1 shared, precision 1/3, recall 1/2, F1 = (1/3) / (5/6).
    expect(tokenF1('red hat', 'a red red coat')).toBeCloseTo(0.4, 15);
  });

  it('leaves one reference out each time', () => {
    const match = (ref: string, pred: string) => Number(ref === pred);
    expect(leaveOneOut(match, ['x', 'y'], 'x')).toBe(0.5);
    expect(leaveOneOut(match, ['x', 'x', 'x', 'y'], 'x')).toBe(1);
    expect(leaveOneOut(match, ['x', 'y', 'z'], 'x')).toBeCloseTo(2 / 3, 15);
    expect(leaveOneOut(match, ['x'], 'x')).toBe(1);
  });
});
