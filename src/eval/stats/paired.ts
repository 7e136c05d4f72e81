import { LabError } from '../../errors.ts';
import { seededRandom } from '../../tensor/random.ts';
import type { ClassifyItem, ItemResult, MultipleChoiceItem, RollingItem } from '../item.ts';
import { METRICS, itemValue, type MetricName } from './metric.ts';
import {
  Z80,
  Z95,
  bootstrapClusters,
  bootstrapInterval,
  clusteredStderr,
  mcnemar,
  mean,
  meanDifference,
  meanStderr,
  randomizationP,
  type Interval,
  type MeanDifference,
} from './stats.ts';
import { studentP, studentQuantile95 } from './student.ts';

/** A metric of two configurations on the same docs. `difference` is other - baseline. */
export interface PairedMean {
  metric: MetricName;
  baseline: number;
  other: number;
  difference: number;
  /** 95 % of `difference`; null where there is one doc. */
  ci: Interval | null;
  /** Docs that only the other got right (or better), and docs that only the baseline did: the flips. */
  gained: number;
  lost: number;
  p: number;
  /**
   * 'mcnemar' where every value is 0 or 1: exact, and `ci` is ± 1.96 stderr. 'randomization' for graded values: each
   * doc's two values swapped by a coin, and `ci` from a bootstrap of the docs. Docs of one story are swapped and drawn
   * together, also where every value is 0 or 1.
   */
  test: 'mcnemar' | 'randomization';
  /** The true difference that docs as spread as these show four times in five: 2.80 stderr; null at one doc. */
  detectable: number | null;
}

/** A perplexity of two configurations on the same texts. `ratio` is other / baseline. */
export interface PairedRatio {
  metric: MetricName;
  baseline: number;
  other: number;
  ratio: number;
  /** 95 % of `ratio`, and p that it is 1; null where there is one text. */
  ci: Interval | null;
  p: number | null;
  /** The true ratio above 1 that texts as spread as these show four times in five; null at one text. */
  detectable: number | null;
}

/** The comparison of two configurations, doc by doc. */
export interface PairedComparison {
  /** Docs that both have answered. */
  n: number;
  /** The docs answered otherwise than by the baseline, right or wrong: how many, and the first by doc_id. */
  changed: { n: number; first: number | null };
  /** The number of stories they are about, where several docs share one: docs of a story do not vary independently. */
  clusters?: number;
  means: PairedMean[];
  ratios: PairedRatio[];
  /**
   * Change of the margin, in nats: the gold choice's log-likelihood less the best other's, other - baseline.
   * It moves before an answer flips; of classes the logits are as good. Null where there is nothing to choose from.
   */
  margin: MeanDifference | null;
}

/**
 * Compares `other` with `baseline` on the docs both have answered; undefined while there is none. `seed` is the spec's
 * and feeds what is drawn for graded values alone. Throws LabError 'bad-data' if the two were not asked the same thing.
 * At 100 docs with 1 gained and 5 lost, acc is -0.04 [-0.088, 0.008], p 0.219.
 */
export function comparePaired(
  metrics: readonly MetricName[],
  baseline: readonly ItemResult[],
  other: readonly ItemResult[],
  seed: number,
): PairedComparison | undefined {
  const pairs = pairUp(baseline, other);
  if (pairs.length === 0) return undefined;
  const clusters = clustersOf(pairs);
  const means: PairedMean[] = [];
  const ratios: PairedRatio[] = [];
  for (const metric of metrics) {
    // Macro means have no value a doc; acc tests the same answers.
    if (METRICS[metric].kind === 'mean') {
      means.push(pairedMean(metric, pairs, clusters, seed));
    } else if (isPerplexity(metric)) {
      ratios.push(pairedRatio(metric, pairs));
    }
  }
  const counted = clusters ? { clusters: clusters.length } : {};
  return {
    n: pairs.length,
    changed: changedOf(pairs),
    ...counted,
    means,
    ratios,
    margin: pairedMargin(pairs),
  };
}

/** The pairs whose answer is another; a text is another where its log-likelihood is. */
function changedOf(pairs: readonly Pair[]): PairedComparison['changed'] {
  const ids = pairs.filter(([item, twin]) => answerOf(item) !== answerOf(twin)).map(([{ doc_id }]) => doc_id);
  return { n: ids.length, first: ids.length === 0 ? null : ids.reduce((a, b) => Math.min(a, b)) };
}

const answerOf = (item: ItemResult): number | string =>
  item.output_type === 'loglikelihood_rolling' ? item.loglikelihood : item.pred;

type Perplexity = 'word_perplexity' | 'byte_perplexity' | 'token_perplexity';

/** True for perplexities. A ratio of bits per byte means nothing by itself: it is the logarithm of byte_perplexity. */
const isPerplexity = (metric: MetricName): metric is Perplexity =>
  METRICS[metric].kind === 'weighted' && metric !== 'bits_per_byte';

/** The pairs' places by cluster; undefined where docs have none. */
function clustersOf(pairs: readonly Pair[]): number[][] | undefined {
  const places = new Map<string, number[]>();
  for (const [i, [{ cluster }]] of pairs.entries()) {
    if (cluster === undefined) return undefined;
    const own = places.get(cluster);
    if (own) own.push(i);
    else places.set(cluster, [i]);
  }
  return [...places.values()];
}

type Pair = [baseline: ItemResult, other: ItemResult];

function pairUp(baseline: readonly ItemResult[], other: readonly ItemResult[]): Pair[] {
  const byId = new Map(other.map((item) => [item.doc_id, item]));
  return baseline.flatMap((item): Pair[] => {
    const twin = byId.get(item.doc_id);
    if (twin === undefined) return [];
    if (question(item) !== question(twin)) {
      throw new LabError(
        'bad-data',
        `doc_id ${item.doc_id} has ${question(twin)}, in the baseline ${question(item)}; allowed: the same data for both`,
      );
    }
    return [[item, twin]];
  });
}

/** The parts of an item that must be equal for two items to be answers to one question, as text. */
function question(item: ItemResult): string {
  switch (item.output_type) {
    case 'multiple_choice':
      return `${item.lls.length} choices and gold ${item.gold}`;
    case 'generate_until':
      return 'a generated answer';
    case 'loglikelihood_rolling':
      return `${item.words} words and ${item.bytes} bytes`;
    case 'classify':
      return `${item.logits.length} classes and gold ${item.gold}`;
  }
}

function pairedMean(
  metric: MetricName,
  pairs: readonly Pair[],
  clusters: readonly (readonly number[])[] | undefined,
  seed: number,
): PairedMean {
  const before = pairs.map(([item]) => itemValue(item, metric) ?? 0);
  const after = pairs.map(([, item]) => itemValue(item, metric) ?? 0);
  const differences = after.map((value, i) => value - before[i]!);
  const gained = differences.filter((d) => d > 0).length;
  const lost = differences.filter((d) => d < 0).length;
  const byCluster = clusters?.map((places) => places.map((i) => differences[i]!));
  const {
    mean: difference,
    stderr,
    ci,
  } = meanDifference(differences, byCluster ? clusteredStderr(byCluster) : meanStderr(differences));
  const exact = [...before, ...after].every((value) => value === 0 || value === 1);
  const values = { metric, baseline: mean(before), other: mean(after), difference, gained, lost };
  const tested =
    exact && !byCluster
      ? { ci, p: mcnemar(lost, gained), test: 'mcnemar' as const }
      : {
          ci: byCluster
            ? bootstrapClusters(byCluster, seededRandom(seed))
            : bootstrapInterval(differences, seededRandom(seed)),
          p: randomizationP(
            byCluster?.map((own) => own.reduce((sum, d) => sum + d, 0)) ?? differences,
            seededRandom(seed),
          ),
          test: 'randomization' as const,
        };
  const detectable = stderr === null ? null : (Z95 + Z80) * stderr;
  return { ...values, ...tested, detectable };
}

const isRolling = (pair: Pair): pair is [RollingItem, RollingItem] =>
  pair.every((item) => item.output_type === 'loglikelihood_rolling');

/**
 * ln ratio is -sum d / sum w, with d a text's change of log-likelihood and w its words: a ratio of sums over texts,
 * so its standard error is that of the residuals d + ln ratio * w (Cochran 1977, 2.9), and t has n - 1 degrees.
 */
function pairedRatio(metric: Perplexity, pairs: readonly Pair[]): PairedRatio {
  const { weight } = METRICS[metric];
  const texts = pairs.filter(isRolling);
  const n = texts.length;
  const weights = texts.map(([item]) => item[weight]);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const perplexity = (items: readonly RollingItem[]) =>
    Math.exp(-items.reduce((sum, item) => sum + item.loglikelihood, 0) / total);
  const changes = texts.map(([item, twin]) => twin.loglikelihood - item.loglikelihood);
  const log = -changes.reduce((sum, change) => sum + change, 0) / total;
  const squares = changes.reduce((sum, change, i) => sum + (change + log * weights[i]!) ** 2, 0);
  const stderr = n < 2 ? null : Math.sqrt((squares * n) / (n - 1)) / total;
  const reach = stderr === null ? null : studentQuantile95(n - 1) * stderr;
  return {
    metric,
    baseline: perplexity(texts.map(([item]) => item)),
    other: perplexity(texts.map(([, item]) => item)),
    ratio: Math.exp(log),
    ci: reach === null ? null : ([Math.exp(log - reach), Math.exp(log + reach)] satisfies Interval),
    // No spread and no change is the same text twice; no spread and a change leaves no doubt.
    p: stderr === null ? null : stderr > 0 ? studentP(log / stderr, n - 1) : log === 0 ? 1 : 0,
    detectable: stderr === null || reach === null ? null : Math.exp(reach + Z80 * stderr),
  };
}

type ChosenItem = MultipleChoiceItem | ClassifyItem;

const isChosen = (pair: Pair): pair is [ChosenItem, ChosenItem] =>
  pair.every((item) => item.output_type === 'multiple_choice' || item.output_type === 'classify');

/** The margin of a chosen item; logits serve as well as log-probabilities, since a term all classes share cancels. */
const marginOf = (item: ChosenItem): number =>
  margin({ lls: item.output_type === 'classify' ? item.logits : item.lls, gold: item.gold });

function pairedMargin(pairs: readonly Pair[]): MeanDifference | null {
  const chosen = pairs.filter(isChosen);
  if (chosen.length === 0) return null;
  return meanDifference(chosen.map(([item, twin]) => marginOf(twin) - marginOf(item)));
}

/**
 * The lead in nats of the right choice over the best wrong one; negative where the item is wrong by `acc`.
 * lls [-4, -2.5, -6] with gold 1 have 1.5.
 */
export function margin({ lls, gold }: Pick<MultipleChoiceItem, 'lls' | 'gold'>): number {
  return lls[gold]! - Math.max(...lls.filter((_, choice) => choice !== gold));
}
