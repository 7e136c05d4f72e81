import { describe, expect, it } from 'vitest';
import type { GenerateItem, MultipleChoiceItem, RollingItem } from '../item.ts';
import { comparePaired, margin, type PairedComparison } from './paired.ts';
import { studentQuantile95 } from './student.ts';
import { outcomeOf, verdictOf } from './verdict.ts';

/** The verdict on the last metric that was compared. */
const said = (compared: PairedComparison, other: string, p?: number): string =>
  verdictOf([...compared.means, ...compared.ratios].at(-1)!, compared, { baseline: 'float32', other }, p);

/** An item whose two choices lie `lead` nats apart, gold ahead if positive. */
function choice(doc_id: number, lead: number): MultipleChoiceItem {
  const acc = Number(lead > 0);
  return {
    doc_id,
    output_type: 'multiple_choice',
    lls: [-5, -5 - lead],
    is_greedy: [false, false],
    tokens: [1, 1],
    pred: 1 - acc,
    pred_norm: 1 - acc,
    pred_bytes: 1 - acc,
    gold: 0,
    acc,
    acc_norm: acc,
    acc_bytes: acc,
  };
}

const choices = (right: number, wrong: number, flips: (doc_id: number) => boolean = () => false) =>
  Array.from({ length: right + wrong }, (_, doc_id) =>
    choice(doc_id, doc_id < right !== flips(doc_id) ? 1 : -1),
  );

const answer = (doc_id: number, f1: number): GenerateItem => ({
  doc_id,
  output_type: 'generate_until',
  text: '',
  pred: '',
  em: Number(f1 === 1),
  f1,
  tokens: 1,
});

const text = (doc_id: number, loglikelihood: number, words: number): RollingItem => ({
  doc_id,
  output_type: 'loglikelihood_rolling',
  loglikelihood,
  tokens: words,
  words,
  bytes: 5 * words,
});

describe('right and wrong', () => {
  it('counts flips both ways and tests them exactly', () => {
    // 60 right; five of them go wrong, one of the wrong goes right.
    const result = comparePaired(
      ['acc'],
      choices(60, 40),
      choices(60, 40, (id) => id < 5 || id === 99),
      7,
    )!;
    const [acc] = result.means;
    expect(result.n).toBe(100);
    expect(acc).toMatchObject({
      metric: 'acc',
      baseline: 0.6,
      other: 0.56,
      gained: 1,
      lost: 5,
      test: 'mcnemar',
    });
    expect(acc!.difference).toBeCloseTo(-0.04, 12);
    expect(acc!.p).toBeCloseTo(14 / 64, 12);
    expect(acc!.ci![0]).toBeCloseTo(-0.0876, 4);
    expect(said(result, 'NF4')).toBe(
      'NF4 is not distinguishable from float32 at n = 100: -4.0 points of acc, p = 0.219; it takes 6.8 points to show four times in five',
    );
    // Six margins moved by two nats, five down and one up.
    expect(result.margin!.mean).toBeCloseTo((-5 * 2 + 2) / 100, 12);
    expect(result.ratios).toEqual([]);
  });

  it('says what is lost and what is gained', () => {
    const base = choices(300, 200);
    const worse = choices(300, 200, (id) => id < 36 || id >= 495);
    const lost = comparePaired(['acc'], base, worse, 7)!;
    expect(said(lost, 'FP4')).toBe('FP4 loses 6.2 points of acc at n = 500, p < 0.001');
    const gained = comparePaired(['acc'], worse, base, 7)!;
    expect(said(gained, 'none')).toBe('none gains 6.2 points of acc at n = 500, p < 0.001');
    expect(gained.means[0]!.p).toBe(lost.means[0]!.p);
    expect([lost, gained].map(({ means }) => outcomeOf(means[0]!))).toEqual(['worse', 'better']);
    // Five ids at the end of 500 went right, 36 at the beginning went wrong.
    expect(lost.changed).toEqual({ n: 41, first: 0 });
  });

  it('does not call equal answers proven equal', () => {
    const items = choices(60, 40);
    const same = comparePaired(['acc'], items, items, 7)!;
    expect(same.changed).toEqual({ n: 0, first: null });
    expect(same.means[0]).toMatchObject({ difference: 0, p: 1, gained: 0, lost: 0 });
    expect(said(same, 'INT8')).toBe(
      'INT8 scores as float32 on each of 100 docs; up to 3.0 % of all docs may still differ',
    );
  });

  it('pairs by doc_id, whatever the order, and on what both have', () => {
    const baseline = choices(3, 3);
    const other = [5, 0, 1].map((id) => choice(id, 1));
    const [acc] = comparePaired(['acc'], baseline, other, 7)!.means;
    expect(acc).toMatchObject({ baseline: 2 / 3, other: 1, gained: 1, lost: 0 });
    expect(comparePaired(['acc'], baseline, [], 7)).toBeUndefined();
  });

  it('refuses items of other data', () => {
    const other = { ...choice(0, 1), gold: 1 };
    expect(() => comparePaired(['acc'], choices(1, 0), [other], 7)).toThrow(
      expect.objectContaining({ code: 'bad-data' }),
    );
  });

  it('measures the margin to the best wrong choice', () => {
    expect(margin({ lls: [-4, -2.5, -6], gold: 1 })).toBe(1.5);
    expect(margin({ lls: [-4, -2.5, -6], gold: 2 })).toBe(-3.5);
  });
});

describe('graded answers', () => {
  const base = Array.from({ length: 80 }, (_, id) => answer(id, [1, 0.5, 0, 0.25][id % 4]!));
  const worse = base.map((item, id) => answer(id, id % 4 === 0 && id < 60 ? 0.5 : item.f1));

  it('draws for f1 and is exact for em', () => {
    const run = () => comparePaired(['em', 'f1'], base, worse, 7)!;
    const [em, f1] = run().means;
    expect(em).toMatchObject({ test: 'mcnemar', lost: 15, gained: 0 });
    expect(f1).toMatchObject({ test: 'randomization', lost: 15, gained: 0 });
    expect(f1!.difference).toBeCloseTo(-15 / 160, 12);
    expect(f1!.ci![0]).toBeLessThan(f1!.difference);
    expect(f1!.ci![1]).toBeLessThan(0);
    expect(said(run(), 'FP4')).toBe('FP4 loses 9.4 points of f1 at n = 80, p < 0.001');
    expect(run()).toEqual(run());
    expect(run().margin).toBeNull();
  });

  it('has no interval for one doc, and no verdict from three', () => {
    const compare = (n: number) =>
      comparePaired(
        ['f1'],
        [0, 1, 2].slice(0, n).map((id) => answer(id, 0.9)),
        [0, 1, 2].slice(0, n).map((id) => answer(id, 0.5 - id / 10)),
        7,
      )!;
    expect(compare(1).means[0]).toMatchObject({ ci: null, p: 1, detectable: null });
    expect(said(compare(1), 'FP4')).toBe(
      'FP4 is not distinguishable from float32 at n = 1: -40.0 points of f1, p = 1.000',
    );
    expect(said(compare(3), 'FP4')).toContain('is not distinguishable');
  });
});

describe('perplexities', () => {
  const words = [100, 250, 400, 80];
  const base = words.map((count, id) => text(id, -3 * count, count));

  it('gives the ratio an interval from its texts, by hand', () => {
    const shifts = [-12, -20, -44, -4];
    const other = base.map((item, i) => text(i, item.loglikelihood + shifts[i]!, item.words));
    const result = comparePaired(['word_perplexity', 'byte_perplexity', 'bits_per_byte'], base, other, 7)!;
    expect(result.ratios.map((ratio) => ratio.metric)).toEqual(['word_perplexity', 'byte_perplexity']);
    const [byWord] = result.ratios;
    const log = 80 / 830;
    const residuals = shifts.map((shift, i) => shift + log * words[i]!);
    const stderr = Math.sqrt((residuals.reduce((sum, e) => sum + e * e, 0) * 4) / 3) / 830;
    expect(byWord!.baseline).toBeCloseTo(Math.exp(3), 10);
    expect(byWord!.ratio).toBeCloseTo(Math.exp(log), 12);
    expect(byWord!.other / byWord!.baseline).toBeCloseTo(byWord!.ratio, 12);
    expect(byWord!.ci![0]).toBeCloseTo(Math.exp(log - studentQuantile95(3) * stderr), 12);
    expect(byWord!.ci![1]).toBeCloseTo(Math.exp(log + studentQuantile95(3) * stderr), 12);
    expect(verdictOf(byWord!, result, { baseline: 'float32', other: 'NF4' })).toBe(
      'NF4 raises word perplexity on 4 texts: × 1.101 (95 %: 1.062 to 1.141), p = 0.003',
    );
  });

  it('covers the true ratio in 95 of 100 experiments', () => {
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      let state = trial * 7919 + 1;
      const draw = () => {
        let sum = 0;
        for (let i = 0; i < 12; i++) sum += (state = (state * 48271) % 2147483647) / 2147483647;
        return sum - 6;
      };
      const other = base.map((item, i) =>
        text(i, item.loglikelihood - 0.1 * item.words + 4 * draw(), words[i]!),
      );
      const [ratio] = comparePaired(['word_perplexity'], base, other, 7)!.ratios;
      if (ratio!.ci![0] <= Math.exp(0.1) && Math.exp(0.1) <= ratio!.ci![1]) covered++;
    }
    // 380 expected with standard deviation 4.4; 1.96 in place of Student's 3.18 would give some 350 or less.
    expect(covered).toBeGreaterThan(362);
  });

  it('has no interval for one text, and no doubt about the same text twice', () => {
    const compare = (items: RollingItem[], again: RollingItem[]) =>
      comparePaired(['word_perplexity'], items, again, 7)!;
    const one = compare([base[0]!], [text(0, -310, 100)]);
    expect(one.ratios[0]).toMatchObject({ ci: null, p: null, detectable: null });
    expect(outcomeOf(one.ratios[0]!)).toBe('none');
    expect(said(one, 'INT8')).toBe('INT8: word perplexity × 1.105 on one text, which gives no interval');
    expect(compare(base, base).ratios[0]).toMatchObject({ ratio: 1, ci: [1, 1], p: 1 });
  });
});

describe('docs of one story', () => {
  /** Ten docs a story; `wrong` says of which stories the second configuration knows nothing any more. */
  const stories = (wrong: readonly number[]) => {
    const items = (flips: (doc_id: number) => boolean) =>
      choices(40, 0, flips).map((item) => ({ ...item, cluster: `story ${Math.floor(item.doc_id / 10)}` }));
    return comparePaired(
      ['acc'],
      items(() => false),
      items((doc_id) => wrong.includes(Math.floor(doc_id / 10))),
      7,
    )!;
  };

  it('are swapped together: forty answers lost in four stories are four things, not forty', () => {
    const { clusters, n, means } = stories([0, 1, 2, 3]);
    expect([clusters, n]).toEqual([4, 40]);
    // All four the same way: 2 of 16 ways to toss four coins, where McNemar's test of 40 docs would have 2^-39.
    expect(means[0]).toMatchObject({ test: 'randomization', lost: 40, gained: 0 });
    expect(means[0]!.p).toBeGreaterThan(0.1);
    expect(means[0]!.p).toBeLessThan(0.15);
    expect(said(stories([0, 1, 2, 3]), 'NF4')).toContain('not distinguishable');
  });

  it('are drawn together: one story lost of four is anything from none to most', () => {
    const [acc] = stories([2]).means;
    expect(acc!.difference).toBeCloseTo(-0.25, 12);
    // Of four stories drawn, none is the lost one 32 times in 100, two or more 26, three or more 5.
    expect(acc!.ci).toEqual([-0.75, 0]);
  });

  it('bound what no flip means by the number of stories', () => {
    // 1 - 0.05^(1/4)
    expect(said(stories([]), 'NF4')).toContain('up to 52.7 % of all docs may still differ');
  });
});
