import * as v from 'valibot';
import { LabError, type Failure } from '../errors.ts';
import { firstLine } from '../eval/answer.ts';
import { choose } from '../eval/choose.ts';
import type { ItemResult } from '../eval/item.ts';
import { ALL_TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import { configName } from '../quant/config.ts';
import { assembleResult } from './assemble.ts';
import type { Environment, ExperimentResult } from './result.ts';
import { canonicalJson, parseSpec, type ExperimentSpec } from './spec.ts';
import type { RunRecord, StoredItem } from './record.ts';

/** A result that came from elsewhere, as the rows of a stored run. */
export interface ForeignRun {
  record: RunRecord;
  items: StoredItem[];
  /** Computed here from the items; what the file claims about them is not believed. */
  result: ExperimentResult;
}

const number = v.pipe(v.number('a number'), v.finite('a finite number'));
const index = v.pipe(number, v.integer('a whole number'), v.minValue(0, 'a whole number from 0'));
const share = v.pipe(number, v.minValue(0, 'a number from 0 to 1'), v.maxValue(1, 'a number from 0 to 1'));
const text = v.pipe(v.string('text'), v.maxLength(100_000, 'at most 100,000 characters'));
const numbers = v.pipe(v.array(number, 'numbers'), v.minLength(1, 'one number at least'));
const sentences = v.pipe(v.array(text, 'a list of sentences'), v.maxLength(1000, 'at most 1,000 sentences'));
const ofDoc = { doc_id: index, group: v.optional(text), cluster: v.optional(text) };

const divergence = v.object({
  ...{ kl: v.array(number), dp: v.array(number), same_top: index },
  gain: v.tuple([number, number]),
});

const item = v.variant('output_type', [
  v.pipe(
    v.object({
      ...ofDoc,
      output_type: v.literal('multiple_choice'),
      lls: numbers,
      is_greedy: v.array(v.boolean('true or false')),
      tokens: v.array(index),
      ...{ pred: index, pred_norm: index, pred_bytes: index, gold: index },
      ...{ acc: share, acc_norm: share, acc_bytes: share },
    }),
    v.check(
      ({ lls, is_greedy, tokens, ...places }) =>
        is_greedy.length === lls.length &&
        tokens.length === lls.length &&
        [places.pred, places.pred_norm, places.pred_bytes, places.gold].every((i) => i < lls.length),
      'as many of everything as there are choices',
    ),
  ),
  v.object({
    ...ofDoc,
    output_type: v.literal('generate_until'),
    ...{ text, pred: text, em: share, f1: share, tokens: index },
  }),
  v.object({
    ...ofDoc,
    output_type: v.literal('loglikelihood_rolling'),
    ...{
      loglikelihood: number,
      tokens: index,
      words: index,
      bytes: index,
      divergence: v.optional(divergence),
    },
  }),
  v.pipe(
    v.object({
      ...ofDoc,
      output_type: v.literal('classify'),
      ...{ logits: numbers, pred: index, gold: index, acc: share },
    }),
    v.check(
      ({ logits, pred, gold }) => pred < logits.length && gold < logits.length,
      'classes that there are',
    ),
  ),
]);

const files = v.record(text, v.object({ bytes: number, sha256: v.optional(text) }));
const environment = v.looseObject({
  app: v.object({ version: text, commit: text }),
  runtime: text,
  adapter: v.object({
    ...{ vendor: text, architecture: text, device: text, description: text },
    ...{ features: v.array(text), language_features: v.array(text) },
    limits: v.object({ maxBufferSize: number, maxStorageBufferBindingSize: number }),
  }),
  kernel_check: v.object({
    checked: index,
    worst: v.object({ kernel: text, case: text, max_error: number, bound: number, worst_ratio: number }),
  }),
  model: v.object({
    ...{ name: text, architecture: text, parameters: number, revision: v.optional(text), files },
    adapter: v.optional(v.object({ revision: v.optional(text), files })),
    reading: v.optional(
      v.object({
        bos_in_front: v.boolean('true or false'),
        ...{ warnings: sentences, version_4_notes: sentences },
      }),
    ),
  }),
  chat_template: v.optional(
    v.object({
      ...{ file: text, sha256: text, date: v.optional(text) },
      without_system: v.optional(v.array(v.picklist(ALL_TASKS))),
    }),
  ),
  started: v.pipe(text, v.isoTimestamp('a time in ISO 8601')),
});

const footprint = v.object({
  ...{ parameters: number, quantized_parameters: number, bitsandbytes_bytes: number },
  ...{ actual_bytes: number, bits_per_weight: number },
});
const timings = v.object({
  ...{ load_seconds: number, answer_seconds: number, tokens: number, tokens_per_second: number },
});
const outliers = v.array(
  v.object({
    layer: index,
    input: v.picklist(['attention', 'output', 'mlp', 'down']),
    columns: v.array(index),
  }),
);

const failure = v.object({ code: text, message: text, hint: text });

const envelope = v.object({
  version: v.literal(1, '1'),
  spec: v.unknown(),
  environment,
  runs: v.array(
    v.object({
      ...{ config: v.unknown(), footprint, timings, outliers: v.optional(outliers) },
      tasks: v.array(v.object({ task: text, items: v.array(item) })),
    }),
  ),
  digest: text,
  digest_fits: v.optional(v.literal(false, 'false, or nothing')),
  state: v.picklist(['running', 'done', 'failed', 'cancelled']),
  failure: v.optional(failure),
  failures: v.optional(v.array(v.object({ config: v.unknown(), failure }))),
});

/**
 * A result as somebody exported or linked it. Only the answers and where they come from are taken over; choices, scores
 * and comparisons are computed anew. A digest that is not the one of the answers as they stand is remembered in
 * `digest_fits`, by the record and the result. The lengths of choices and the references of free answers do not travel,
 * so `pred_norm`, `pred_bytes`, `em` and `f1` have the digest alone to vouch for them.
 * @throws bad-data naming the key, what was found and what is allowed; bad-spec for its spec.
 */
export function parseResult(json: unknown, id: string): ForeignRun {
  const parsed = v.safeParse(envelope, json, { abortEarly: true });
  if (!parsed.success) throw new LabError('bad-data', sentence(parsed.issues[0]));
  const { runs, state, digest, digest_fits, failures = [], ...rest } = parsed.output;
  const spec = parseSpec(rest.spec);
  const record: RunRecord = {
    id,
    spec,
    // A run that goes on elsewhere does not go on here.
    state: state === 'running' ? 'cancelled' : state,
    created: rest.environment.started,
    environment: rest.environment as unknown as Environment,
    configs: {},
    failure: rest.failure as Failure | undefined,
    failures: Object.fromEntries(
      failures.map(({ config, failure: why }) => [placeOf(spec, config), why as Failure]),
    ),
  };
  const items: StoredItem[] = [];
  let asWritten = true;
  for (const { config, tasks, ...measured } of runs) {
    const at = placeOf(spec, config);
    if (at in record.configs) throw strangeConfig();
    record.configs[at] = measured as RunRecord['configs'][number];
    const given = new Set<string>();
    for (const { task, items: answers } of tasks) {
      if (!spec.tasks.some((own) => own.task === task)) {
        throw new LabError('bad-data', `A run has the task ${JSON.stringify(task)}, which its spec has not.`);
      }
      for (const answer of answers as ItemResult[]) {
        const { doc_id } = answer;
        const place = `${task} ${doc_id}`;
        if (given.has(place)) throw doubled(spec, at, task, doc_id);
        given.add(place);
        const item = scored(answer);
        asWritten &&= canonicalJson(item) === canonicalJson(answer);
        items.push({ run_id: id, config: at, task: task as TaskName, doc_id, item });
      }
    }
  }
  // Answers of one question that do not fit each other are refused here.
  const result = assembleResult(record, items)!;
  if (asWritten && result.digest === digest && digest_fits !== false) return { record, items, result };
  const unfit = { digest_fits: false } as const;
  return { record: { ...record, ...unfit }, items, result: { ...result, ...unfit } };
}

/** An answer with what follows from it: the choice, and whether that is the right one. */
function scored(item: ItemResult): ItemResult {
  switch (item.output_type) {
    case 'multiple_choice': {
      const { lls, gold, pred_norm, pred_bytes } = item;
      const norms = { acc_norm: Number(pred_norm === gold), acc_bytes: Number(pred_bytes === gold) };
      return { ...item, ...choose(lls, gold), ...norms };
    }
    case 'classify':
      return { ...item, ...choose(item.logits, item.gold) };
    case 'generate_until':
      return { ...item, pred: firstLine(item.text) };
    case 'loglikelihood_rolling':
      return item;
  }
}

const doubled = (spec: ExperimentSpec, config: number, task: string, doc_id: number): LabError =>
  new LabError(
    'bad-data',
    `${configName(spec.configs[config]!)} answers item ${doc_id} of ${task} twice; allowed: one answer an item.`,
  );

function placeOf(spec: ExperimentSpec, config: unknown): number {
  const at = spec.configs.findIndex((own) => canonicalJson(own) === canonicalJson(config));
  if (at < 0) throw strangeConfig();
  return at;
}

const strangeConfig = (): LabError =>
  new LabError('bad-data', 'A run has a config that its spec has not; allowed: each of the spec once.');

function sentence(issue: v.BaseIssue<unknown>): string {
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  const found = issue.input === undefined ? 'missing' : JSON.stringify(issue.input);
  const short = found.length > 60 ? `${found.slice(0, 57)}…` : found;
  return `${path || 'The result'} is ${short}; allowed: ${issue.message.replace(/^Invalid .*Expected /, '')}.`;
}
