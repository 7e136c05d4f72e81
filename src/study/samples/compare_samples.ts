import { LabError } from '../../errors.ts';
import type { MetricName } from '../../eval/stats/metric.ts';
import { comparePaired, type PairedComparison } from '../../eval/stats/paired.ts';
import { pValue } from '../../eval/stats/p_value.ts';
import { verdictOf } from '../../eval/stats/verdict.ts';
import type { ItemResult } from '../../eval/item.ts';
import { itemDistance, TOLERANCE } from '../compare_results.ts';
import { count } from '../view/format.ts';
import type { ModelSamples, Sample, TaskSamples } from './sample.ts';

/** One task answered by two models, of this lab or another, on the same prompts. */
export interface SamplesCompared {
  baseline: string;
  other: string;
  task: string;
  n: number;
  /** The largest difference of a log-likelihood, in nats; null where none was computed. */
  worst: number | null;
  /** True where log-likelihoods differ by no more than the tolerance and no answer changed but near-ties. */
  agrees: boolean;
  /** The first item that differs by more. */
  first?: { doc_id: number; what: string };
  paired: PairedComparison;
  sentences: string[];
}

/** What is tested of a kind of answer: what the harness and this lab both compute. */
const TESTED: Record<ItemResult['output_type'], readonly MetricName[]> = {
  multiple_choice: ['acc', 'acc_norm'],
  generate_until: ['em', 'f1'],
  loglikelihood_rolling: ['word_perplexity', 'byte_perplexity'],
  classify: ['acc'],
};

/**
 * Compares every task that two models have answered, doc by doc; `seed` feeds what is drawn for graded values.
 * @throws bad-data where they share no task, or a task's doc_ids, prompts or choices are not the same: the first that
 * differs is named.
 */
export function compareSamples(a: ModelSamples, b: ModelSamples, seed = 0): SamplesCompared[] {
  const shared = a.tasks.flatMap((task): [TaskSamples, TaskSamples][] => {
    const twin = b.tasks.find((other) => other.task === task.task);
    return twin ? [[task, twin]] : [];
  });
  if (shared.length === 0) {
    const listed = ({ name, tasks }: ModelSamples) =>
      `${name} has ${tasks.map(({ task }) => task).join(', ')}`;
    throw new LabError('bad-data', `${listed(a)}; ${listed(b)}; allowed: a task that both have answered.`);
  }
  return shared.map(([task, twin]) => compareTask(a.name, task, b.name, twin, seed));
}

function compareTask(
  baseline: string,
  { task, samples }: TaskSamples,
  other: string,
  twin: TaskSamples,
  seed: number,
): SamplesCompared {
  const pairs = pairUp(task, { name: baseline, samples }, { name: other, samples: twin.samples });
  const items = pairs.map(([{ item }]) => item);
  const others = pairs.map(([, { item }]) => item);
  const distances = pairs.map(([x, y]) => ({
    doc_id: x.item.doc_id,
    ...itemDistance(x.item, y.item, TOLERANCE),
  }));
  const n = pairs.length;
  const hasNumbers = items.some(({ output_type }) => output_type !== 'generate_until');
  const worst = hasNumbers ? distances.reduce((most, { distance }) => Math.max(most, distance), 0) : null;
  const differing = distances.find(({ what }) => what !== undefined);
  const first = differing && { doc_id: differing.doc_id, what: differing.what! };
  const paired = comparePaired(TESTED[items[0]!.output_type], items, others, seed)!;
  return {
    ...{ baseline, other, task, n, worst, agrees: !first, ...(first && { first }), paired },
    sentences: sentencesOf({ baseline, other, task, n, worst, first, paired }),
  };
}

function sentencesOf({
  baseline,
  other,
  task,
  n,
  worst,
  first,
  paired,
}: Pick<SamplesCompared, 'baseline' | 'other' | 'task' | 'n' | 'worst' | 'paired'> & {
  first: SamplesCompared['first'];
}): string[] {
  const apart = worst === null ? '' : `, log-likelihoods differ by ${natsOf(worst)} nats at most`;
  const agreement = first
    ? `they do not agree, first on doc_id ${first.doc_id}: ${first.what}`
    : 'they agree on every one';
  const names = { baseline, other };
  return [
    `${other} against ${baseline} on ${task}: ${count(n, 'item')} with the same prompts${apart}; ${agreement}.`,
    ...paired.means.map(
      (test) =>
        `${test.metric}: ${test.gained} gained, ${test.lost} lost (${test.test === 'mcnemar' ? 'exact McNemar test' : 'randomization test'}, ${pValue(test.p)}). ${verdictOf(test, paired, names)}.`,
    ),
    ...paired.ratios.map((test) => `${verdictOf(test, paired, names)}.`),
  ];
}

/** 22, 0.0512 or 3.1e-5. */
const natsOf = (nats: number): string =>
  nats === 0 || nats >= 0.01 ? String(Number(nats.toFixed(4))) : nats.toExponential(1);

interface Side {
  name: string;
  samples: readonly Sample[];
}

/** Pairs by doc_id, in their order; refuses what was not asked the same. */
function pairUp(task: string, a: Side, b: Side): [Sample, Sample][] {
  const [ours, theirs] = [a, b].map(
    ({ samples }) => new Map(samples.map((sample) => [sample.item.doc_id, sample])),
  );
  const ids = [...new Set([...ours!.keys(), ...theirs!.keys()])].sort((x, y) => x - y);
  return ids.map((doc_id) => {
    const [x, y] = [ours!.get(doc_id), theirs!.get(doc_id)];
    const refuse = (what: string): never => {
      throw new LabError('bad-data', `${task}, doc_id ${doc_id}: ${what}.`);
    };
    if (!x || !y) {
      const [has, lacks] = x ? [a, b] : [b, a];
      return refuse(
        `${has.name} has answered it and ${lacks.name} has not; allowed: the same doc_ids in both`,
      );
    }
    if (x.prompt_hash !== y.prompt_hash) {
      const [p, q] = [x, y].map(({ prompt_hash }) => prompt_hash.slice(0, 12));
      return refuse(
        `prompt_hash is ${q}… in ${b.name} and ${p}… in ${a.name}; allowed: the same prompt in both`,
      );
    }
    if (x.continuations.join('\x1f') !== y.continuations.join('\x1f')) {
      return refuse(
        `the choices are ${JSON.stringify(y.continuations)} in ${b.name} and ${JSON.stringify(x.continuations)} in ${a.name}; allowed: the same in both`,
      );
    }
    return [x, y];
  });
}
