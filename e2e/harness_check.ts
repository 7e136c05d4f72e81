import { expect } from 'vitest';
import type { Doc } from '../src/eval/doc.ts';
import type { ItemResult } from '../src/eval/item.ts';
import { aggregate, METRICS, type MetricName, type MetricValue } from '../src/eval/metric.ts';
import { score } from '../src/eval/score.ts';
import type { Task } from '../src/eval/task.ts';
import type { Gpu } from '../src/gpu/device.ts';
import { causalLanguageModel } from '../src/model/causal_lm.ts';
import { sequenceClassifier } from '../src/model/classifier.ts';
import { closeModel, makeModel } from '../src/model/forward.ts';
import type { LanguageModel } from '../src/model/language_model.ts';
import type { ModelFiles } from '../src/model/open_model.ts';
import { loadWeights } from '../src/model/weights.ts';
import type { QuantConfig } from '../src/quant/config.ts';
import { noteWorst } from './goldens/worst.ts';

/** A task as lm-evaluation-harness scored it: items by doc_id, and its values by its names. */
export interface HarnessRun {
  n: number;
  values: Record<string, number | string>;
  items: HarnessItem[];
}

/** What the harness kept of one item; which fields there are depends on the output type. */
interface HarnessItem {
  doc_id: number;
  lls?: number[];
  loglikelihood?: number;
  logits?: number[];
  text?: string;
  pred?: number;
  acc?: number;
  acc_norm?: number;
  acc_bytes?: number;
  em?: number;
  f1?: number;
}

/** MMLU as a group of subjects. */
export interface HarnessGroup {
  values: Record<string, number>;
  subjects: Record<string, HarnessRun>;
}

/** A long text adds up the rounding of every token: measured 4e-7 of its log-likelihood against float64. */
const boundOf = (value: number, kind: ItemResult['output_type']): number =>
  kind === 'loglikelihood_rolling' ? Math.max(1e-3, 1e-6 * Math.abs(value)) : 1e-3;

/** A model of this engine as the tasks see it, closed afterwards. */
export async function withLanguageModel<T>(
  gpu: Gpu,
  files: ModelFiles,
  quant: QuantConfig,
  use: (model: LanguageModel) => Promise<T>,
): Promise<T> {
  const weights = await loadWeights(gpu, files.checkpoint, files.config, quant);
  const model = await makeModel(gpu, files.config, weights, quant);
  try {
    const wrap = files.config.num_labels === undefined ? causalLanguageModel : sequenceClassifier;
    return await use(wrap(model, files.tokenizer));
  } finally {
    closeModel(model);
    weights.arena.close();
  }
}

/** Where the worst difference stands in the table printed at the end; and one item in how many the model is asked. */
export interface HowToCheck {
  row: string;
  column: string;
  every?: number;
}

/**
 * Asks the docs the harness asked and holds item for item against it: log-likelihoods and logits to 1e-3 (of a long text
 * to 4e-6 of it), answers and predictions exactly, the task's values and standard errors to 1e-6. Items that the model is not asked are scored
 * from the harness's own log-likelihoods, so that the values are of all. Returns our items.
 */
export async function expectAsHarness(
  model: LanguageModel,
  task: Task,
  docs: readonly Doc[],
  theirs: HarnessRun,
  { row, column, every = 1 }: HowToCheck,
): Promise<ItemResult[]> {
  const ours: ItemResult[] = [];
  for (const [i, item] of theirs.items.entries()) {
    const asked = i % every === 0 ? model : replay(item);
    const answered = await score(docs[item.doc_id]!, item.doc_id, asked);
    expectItem(answered, item, (difference) => noteWorst(row, column, difference));
    ours.push(answered);
  }
  expect(ours).toHaveLength(theirs.n);
  expectValues(task.metrics, ours, theirs);
  return ours;
}

function expectItem(ours: ItemResult, theirs: HarnessItem, note: (ratio: number) => void): void {
  const near = (value: number, expected: number) => {
    const ratio = Math.abs(value - expected) / boundOf(expected, ours.output_type);
    note(ratio);
    expect(ratio, `doc_id ${ours.doc_id}: ${value} here, ${expected} there`).toBeLessThan(1);
  };
  switch (ours.output_type) {
    case 'multiple_choice':
      expect(ours.lls).toHaveLength(theirs.lls!.length);
      ours.lls.forEach((ll, i) => near(ll, theirs.lls![i]!));
      for (const name of ['acc', 'acc_norm', 'acc_bytes'] as const) {
        if (theirs[name] !== undefined) expect(ours[name]).toBe(theirs[name]);
      }
      expect(ours.pred).toBe(theirs.lls!.indexOf(Math.max(...theirs.lls!)));
      break;
    case 'loglikelihood_rolling':
      near(ours.loglikelihood, theirs.loglikelihood!);
      break;
    case 'classify':
      ours.logits.forEach((logit, i) => near(logit, theirs.logits![i]!));
      expect(ours.pred).toBe(theirs.pred);
      break;
    case 'generate_until':
      expect(ours.text).toBe(theirs.text);
      expect(ours.em).toBeCloseTo(theirs.em!, 12);
      expect(ours.f1).toBeCloseTo(theirs.f1!, 12);
      break;
  }
}

/** A perplexity is compared twice: of the harness's own log-likelihoods to 1e-6, of ours as near as those are. */
function expectValues(metrics: readonly MetricName[], ours: readonly ItemResult[], theirs: HarnessRun): void {
  const values = aggregate(metrics, ours);
  const replayed = aggregate(
    metrics,
    ours.map((item, i) =>
      item.output_type === 'loglikelihood_rolling'
        ? { ...item, loglikelihood: theirs.items[i]!.loglikelihood! }
        : item,
    ),
  );
  let compared = 0;
  for (const metric of metrics) {
    const value = theirs.values[metric];
    if (typeof value !== 'number') continue;
    compared++;
    if (METRICS[metric].kind === 'weighted') {
      expect(replayed[metric]!.value / value).toBeCloseTo(1, 6);
      expect(values[metric]!.value / value).toBeCloseTo(1, 4);
    } else {
      expect(values[metric]!.value).toBeCloseTo(value, 6);
    }
    expectStderr(values[metric]!, theirs.values[`${metric}_stderr`]);
  }
  expect(compared).toBeGreaterThan(0);
}

/** "N/A" there is null here; what scikit-learn scored has none at all. */
function expectStderr({ stderr }: MetricValue, theirs: number | string | undefined): void {
  if (typeof theirs === 'number') expect(stderr).toBeCloseTo(theirs, 6);
  else if (theirs === 'N/A') expect(stderr).toBeNull();
}

/** A model that says of one doc what the harness's said. */
function replay({ lls = [], loglikelihood = NaN, logits = [], text = '' }: HarnessItem): LanguageModel {
  const said = (logprob: number) => ({ logprob, is_greedy: false, tokens: 0 });
  return {
    loglikelihood: () => Promise.resolve(lls.map(said)),
    loglikelihoodRolling: () => Promise.resolve(said(loglikelihood)),
    classify: () => Promise.resolve(logits),
    generateUntil: () => Promise.resolve({ text, tokens: 0 }),
  };
}
