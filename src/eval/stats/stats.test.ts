import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../tensor/random.ts';
import golden from '../../../test/golden/eval.json';
import {
  bootstrapClusters,
  bootstrapInterval,
  clusteredStderr,
  detectableDifference,
  mcnemar,
  meanDifference,
  meanStderr,
  pooledStderr,
  randomizationP,
  sampleSize,
  unseenRate,
  wilson,
} from './stats.ts';
import { studentP, studentQuantile95 } from './student.ts';

const { stats } = golden;

describe('standard errors and intervals', () => {
  it("is lm-evaluation-harness's mean_stderr, with n - 1", () => {
    expect(meanStderr(stats.mean_stderr.values)).toBe(stats.mean_stderr.stderr);
    expect(meanStderr([1, 0, 1])).toBeCloseTo(1 / 3, 15);
    expect(meanStderr([1])).toBeNull();
  });

  it("is statsmodels' clustered standard error, and the plain one where each is alone", () => {
    const { clusters, stderr } = stats.clustered;
    expect(clusteredStderr(clusters)).toBeCloseTo(stderr, 14);
    const alone = clusters.flat().map((value) => [value]);
    expect(clusteredStderr(alone)).toBeCloseTo(meanStderr(clusters.flat())!, 14);
    expect(
      clusteredStderr([
        [1, 1],
        [0, 0],
        [1, 0],
      ]),
    ).toBeCloseTo(0.2887, 4);
    expect(clusteredStderr([[1, 0, 1]])).toBeNull();
  });

  it("is lm-evaluation-harness's pooled_sample_stderr over groups", () => {
    const { groups, stderr } = stats.pooled;
    expect(pooledStderr(groups)).toBeCloseTo(stderr, 14);
    expect(
      pooledStderr([
        [1, 0],
        [1, 1, 0],
      ]),
    ).toBeCloseTo(0.2789, 4);
    expect(pooledStderr([[1], [0]])).toBeNull();
  });

  it.each(stats.wilson)("$successes of $n is statsmodels' Wilson interval", ({ successes, n, ci }) => {
    const [low, high] = wilson(successes, n);
    expect(low).toBeCloseTo(ci[0]!, 12);
    expect(high).toBeCloseTo(ci[1]!, 12);
  });

  it('gives a paired difference the closed form of right and wrong', () => {
    const [lost, gained, n] = [5, 1, 100];
    const differences = [...Array<number>(lost).fill(-1), ...Array<number>(gained).fill(1)];
    differences.push(...Array<number>(n - lost - gained).fill(0));
    const { mean, stderr, ci } = meanDifference(differences);
    expect(mean).toBeCloseTo(-0.04, 15);
    expect(stderr).toBeCloseTo(Math.sqrt((lost + gained) / n - mean ** 2) / Math.sqrt(n - 1), 15);
    expect(ci![0]).toBeCloseTo(-0.088, 3);
    expect(ci![1]).toBeCloseTo(0.008, 3);
  });
});

describe('McNemar', () => {
  it.each(stats.mcnemar)("of $lost lost, $gained gained is statsmodels' exact p", ({ lost, gained, p }) => {
    const ours = mcnemar(lost, gained);
    if (p === 0) expect(ours).toBeLessThan(1e-300);
    else expect(ours / p).toBeCloseTo(1, 9);
    expect(mcnemar(gained, lost)).toBe(ours);
  });

  it('by hand: of six flips, one against five, 2 (1 + 6) / 64', () => {
    expect(mcnemar(5, 1)).toBeCloseTo(14 / 64, 14);
    expect(mcnemar(5, 15)).toBeCloseTo(0.0414, 4);
  });
});

describe("Student's t", () => {
  it.each(stats.student_p)("p of $t at $df is scipy's", ({ t, df, p }) => {
    expect(studentP(t, df)).toBeCloseTo(p, 12);
  });

  it.each(stats.student_quantile)("95 % of $df is scipy's", ({ df, t }) => {
    expect(studentQuantile95(df)).toBeCloseTo(t, 10);
  });
});

describe('graded differences', () => {
  const random = seededRandom(11);
  const differences = Array.from({ length: 400 }, () => 0.1 * random.normal() - 0.01);

  it('bootstraps the interval the normal one is where that one holds', () => {
    const ci = bootstrapInterval(differences, seededRandom(1))!;
    const normal = meanDifference(differences);
    // Of 10,000 draws the 2.5 % quantile itself has a standard error of 0.027 of theirs.
    for (const side of [0, 1] as const) {
      expect(Math.abs(ci[side] - normal.ci![side])).toBeLessThan(5 * 0.027 * normal.stderr!);
    }
    expect(bootstrapInterval([0.5], seededRandom(1))).toBeNull();
  });

  it('draws the same for the same seed, otherwise for another', () => {
    const [ci, p] = [
      bootstrapInterval(differences, seededRandom(1)),
      randomizationP(differences, seededRandom(1)),
    ];
    expect(bootstrapInterval(differences, seededRandom(1))).toEqual(ci);
    expect(randomizationP(differences, seededRandom(1))).toBe(p);
    expect(bootstrapInterval(differences, seededRandom(2))).not.toEqual(ci);
  });

  it('swaps as scipy does: all 64 swaps of six differences', () => {
    const { values, p } = stats.randomization;
    // Of 10,000 draws a p of 0.3 has a standard error of 0.0046.
    expect(Math.abs(randomizationP(values, seededRandom(1)) - p)).toBeLessThan(5 * 0.0046);
  });

  it('is McNemar where values are right and wrong', () => {
    const flips = [...Array<number>(15).fill(1), ...Array<number>(5).fill(-1), ...Array<number>(80).fill(0)];
    expect(Math.abs(randomizationP(flips, seededRandom(1)) - mcnemar(5, 15))).toBeLessThan(5 * 0.002);
  });

  it('is never sure of few items', () => {
    expect(randomizationP([-0.5], seededRandom(1))).toBe(1);
    expect(randomizationP([0, 0, 0], seededRandom(1))).toBe(1);
    expect(randomizationP([-0.5, -0.4, -0.3], seededRandom(1))).toBeGreaterThan(0.23);
  });
});

describe('how many items it takes', () => {
  // Computed from the formula with 1.96 and 0.8416; the full quantiles agree to one item.
  it.each([
    [0.01, 0.02, 1568],
    [0.01, 0.05, 3923],
    [0.01, 0.1, 7847],
    [0.01, 0.15, 11771],
    [0.01, 0.2, 15696],
    [0.03, 0.05, 434],
    [0.03, 0.1, 870],
    [0.03, 0.15, 1306],
    [0.03, 0.2, 1742],
  ])('to find %s where %s flip: %s', (difference, discordant, n) => {
    expect(Math.abs(sampleSize(difference, discordant)! - n)).toBeLessThanOrEqual(1);
  });

  it('knows what cannot be', () => {
    expect(sampleSize(0.03, 0.02)).toBeNull();
    expect(sampleSize(0, 0.02)).toBeNull();
    expect(detectableDifference(100, 0)).toBeNull();
    expect(detectableDifference(4, 0.1)).toBeNull();
  });

  it('solves for the difference too', () => {
    for (const n of [100, 1172, 2376]) {
      const d = detectableDifference(n, 0.1)!;
      expect(sampleSize(d, 0.1)).toBe(n);
    }
    expect(detectableDifference(1172, 0.1)).toBeCloseTo(0.0259, 4);
  });

  it('bounds what no flip among n leaves open, the rule of three', () => {
    expect(unseenRate(100)).toBeCloseTo(0.0295, 4);
    expect((1 - unseenRate(37)) ** 37).toBeCloseTo(0.05, 12);
  });
});

describe('a bootstrap of clusters', () => {
  it('draws them whole: of two that differ, three in four draws hold both or the one', () => {
    // Means are 0, 0.5 and 1 with chances 1/4, 1/2, 1/4, however many docs agree within.
    const clusters = [Array<number>(50).fill(0), Array<number>(50).fill(1)];
    expect(bootstrapClusters(clusters, seededRandom(3))).toEqual([0, 1]);
    const [low, high] = bootstrapInterval(clusters.flat(), seededRandom(3))!;
    expect(high - low).toBeLessThan(0.3);
    expect(bootstrapClusters([[1, 0, 1]], seededRandom(3))).toBeNull();
  });
});
