import type { ItemResult } from '../eval/item.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { QuantConfig } from '../quant/config.ts';
import { kernelVersion } from '../gpu/kernel_version.ts';
import { longName } from './view/config_names.ts';
import type { ExperimentResult } from './result.ts';
import { canonicalJson } from './spec.ts';

/** Two results of the same spec held against each other, item by item. */
export interface Reproduction {
  /**
   * bit_for_bit: every answer is the same number. within_tolerance: log-likelihoods differ by no more than the
   * tolerance, and no answer changed that was not a near-tie. other_kernels: so, and by rounding alone, under another
   * version of the kernels. different: something else did.
   */
  verdict: 'bit_for_bit' | 'other_kernels' | 'within_tolerance' | 'different';
  /** Items both have. */
  n: number;
  /** Of those, the ones whose numbers or texts are not the same, if only by a bit. */
  differing: number;
  /** The largest difference of a log-likelihood, in nats. */
  worst: number;
  /** The first item that differs by more than the tolerance. */
  first?: { config: string; task: TaskName; doc_id: number; what: string };
  sentence: string;
}

/**
 * Under two orders of summation log-likelihoods stay closer than this share of themselves, or of 1 nat: float32's unit is
 * 6e-8, and a token's comes out of some hundred products a layer.
 */
const ROUNDING = 1e-5;

/** Log-likelihoods of two implementations of the same arithmetic stay closer than this, in nats. */
export const TOLERANCE = 1e-3;

/**
 * Says whether `b` reproduces `a`. Configurations are matched by what they are, items by task and doc_id; only what
 * both measured counts.
 */
export function compareResults(
  a: ExperimentResult,
  b: ExperimentResult,
  tolerance = TOLERANCE,
): Reproduction {
  const comparer = reproductionOf(tolerance);
  for (const run of a.runs) {
    const twin = b.runs.find(({ config }) => canonicalJson(config) === canonicalJson(run.config));
    for (const { task, items } of run.tasks) {
      comparer.add(run.config, task, items, twin?.tasks.find((t) => t.task === task)?.items ?? []);
    }
  }
  return comparer.end(a, b);
}

/** What of a result tells whether another one reproduces it, beside its answers. */
type Compared = Pick<ExperimentResult, 'digest' | 'environment'>;

/** Holds two results against each other a task of a configuration at a time, so that not all answers need to be there. */
export function reproductionOf(tolerance = TOLERANCE): {
  add(config: QuantConfig, task: TaskName, items: readonly ItemResult[], others: readonly ItemResult[]): void;
  /** Of the two results, whatever they have of their answers. */
  end(a: Compared, b: Compared): Reproduction;
} {
  let n = 0;
  let differing = 0;
  let worst = 0;
  let relative = 0;
  let first: Reproduction['first'];
  return {
    add(config, task, items, others) {
      const twins = new Map(others.map((item) => [item.doc_id, item]));
      for (const item of items) {
        const twin = twins.get(item.doc_id);
        if (!twin) continue;
        n++;
        const { distance, what } = itemDistance(item, twin, tolerance);
        if (distance > 0 || what !== undefined) differing++;
        worst = Math.max(worst, distance);
        relative = Math.max(relative, distance / Math.max(1, magnitude(item)));
        if (what !== undefined) first ??= { config: longName(config), task, doc_id: item.doc_id, what };
      }
    },
    end(a, b) {
      const versions = [kernelVersion(a.environment), kernelVersion(b.environment)] as const;
      const rounded = versions[0] !== versions[1] && relative <= ROUNDING;
      const close = rounded ? 'other_kernels' : 'within_tolerance';
      const verdict = a.digest === b.digest ? 'bit_for_bit' : first || n === 0 ? 'different' : close;
      const sentence =
        verdict === 'other_kernels'
          ? `Other kernels (version ${versions[0]} and ${versions[1]}): ${n} answers are equal to ${relative.toExponential(0)}.`
          : sentenceOf(verdict, n, worst, first, tolerance);
      return { verdict, n, differing, worst, ...(first ? { first } : {}), sentence };
    },
  };
}

function sentenceOf(
  verdict: Exclude<Reproduction['verdict'], 'other_kernels'>,
  n: number,
  worst: number,
  first: Reproduction['first'],
  tolerance: number,
): string {
  if (n === 0) return 'The two results have no item in common.';
  switch (verdict) {
    case 'bit_for_bit':
      return `Reproduced bit for bit: all ${n} answers are the same.`;
    case 'within_tolerance':
      return `Reproduced within tolerance: log-likelihoods of ${n} answers differ by ${worst.toExponential(1)} nats at most (allowed: ${tolerance}), and no answer changed but near-ties.`;
    case 'different': {
      const { config, task, doc_id, what } = first!;
      return `Not reproduced: ${config} on ${task}, item ${doc_id}: ${what}.`;
    }
  }
}

/** The distance of two answers to the same question, with a sentence where it is more than the tolerance. */
export function itemDistance(
  a: ItemResult,
  b: ItemResult,
  tolerance: number,
): { distance: number; what?: string } {
  const [choices, others] = [choicesOf(a), choicesOf(b)];
  if (choices !== others) return { distance: Infinity, what: `the question has ${others}, had ${choices}` };
  if (a.output_type === 'multiple_choice' && b.output_type === 'multiple_choice') {
    const distance = Math.max(...a.lls.map((ll, i) => Math.abs(ll - b.lls[i]!)));
    if (distance > tolerance)
      return { distance, what: `a log-likelihood differs by ${distance.toFixed(4)} nats` };
    const changed = a.pred !== b.pred && marginOf(a.lls) > tolerance;
    return changed ? { distance, what: `the answer is ${b.pred}, was ${a.pred}` } : { distance };
  }
  if (a.output_type === 'loglikelihood_rolling' && b.output_type === 'loglikelihood_rolling') {
    const distance = Math.abs(a.loglikelihood - b.loglikelihood);
    // A text's sum has as many errors as tokens, which another program may not have counted.
    const allowed = tolerance * Math.sqrt(Math.max(1, a.tokens, b.tokens));
    return distance > allowed
      ? { distance, what: `the log-likelihood differs by ${distance.toFixed(4)} nats` }
      : { distance };
  }
  if (a.output_type === 'generate_until' && b.output_type === 'generate_until') {
    return a.pred === b.pred
      ? { distance: 0 }
      : { distance: 0, what: `the answer is "${b.pred}", was "${a.pred}"` };
  }
  if (a.output_type === 'classify' && b.output_type === 'classify') {
    const distance = Math.max(...a.logits.map((logit, i) => Math.abs(logit - b.logits[i]!)));
    if (distance > tolerance) return { distance, what: `a logit differs by ${distance.toFixed(4)}` };
    const changed = a.pred !== b.pred && marginOf(a.logits) > tolerance;
    return changed ? { distance, what: `the answer is ${b.pred}, was ${a.pred}` } : { distance };
  }
  return { distance: Infinity, what: 'the answers are of different kinds' };
}

/** The largest number of an answer, by its magnitude; 0 where it has none. */
function magnitude(item: ItemResult): number {
  switch (item.output_type) {
    case 'multiple_choice':
      return Math.max(...item.lls.map(Math.abs));
    case 'classify':
      return Math.max(...item.logits.map(Math.abs));
    case 'loglikelihood_rolling':
      return Math.abs(item.loglikelihood);
    default:
      return 0;
  }
}

/** The choices of a question in words; two results that asked different questions under one doc_id differ in them. */
function choicesOf(item: ItemResult): string {
  if (item.output_type === 'multiple_choice') return `${item.lls.length} choices and gold ${item.gold}`;
  return item.output_type === 'classify'
    ? `${item.logits.length} classes and gold ${item.gold}`
    : 'no choices';
}

/** The best log-likelihood over the second best. */
function marginOf(lls: readonly number[]): number {
  const [best, second] = [...lls].sort((a, b) => b - a);
  return best! - (second ?? -Infinity);
}
