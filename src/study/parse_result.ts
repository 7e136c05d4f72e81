import * as v from 'valibot';
import { LabError, type Failure } from '../errors.ts';
import { firstLine } from '../eval/answer.ts';
import { choose } from '../eval/choose.ts';
import { ADAPTER_CHOICES } from '../gpu/adapter.ts';
import type { ItemResult } from '../eval/item.ts';
import { ALL_TASKS } from '../eval/tasks/tasks.ts';
import { configName } from '../quant/config.ts';
import { assembleResult } from './assemble.ts';
import { countAnswers, gapsOf } from './complete.ts';
import { oneLine } from './one_line.ts';
import { RUN_STATES, type Environment, type ExperimentResult, type RunState } from './result.ts';
import { canonicalJson, parseSpec, type ExperimentSpec } from './spec.ts';
import type { RunRecord, StoredItem } from './record.ts';
import { MOST_SHARDS, type Shard } from './shard.ts';

/** A result that came from elsewhere, as the rows of a stored run. */
export interface ForeignRun {
  record: RunRecord;
  items: StoredItem[];
  /**
   * Computed here from the items; what the file claims about them is not believed. Unlike the record, it is `foreign`
   * only if the file says so: a command that reads its own results says nothing of the sort.
   */
  result: ExperimentResult;
}

/** A number that can be laid out: nothing that is measured comes near the ends. */
const within = (least: number, most: number, allowed: string) =>
  v.pipe(v.number(allowed), v.finite(allowed), v.minValue(least, allowed), v.maxValue(most, allowed));
const number = within(-1e12, 1e12, 'a number from -1e12 to 1e12');
const size = within(0, 1e15, 'a number from 0 to 1e15');
const index = v.pipe(
  within(0, Number.MAX_SAFE_INTEGER, 'a whole number from 0'),
  v.integer('a whole number from 0'),
);
const share = v.pipe(number, v.minValue(0, 'a number from 0 to 1'), v.maxValue(1, 'a number from 0 to 1'));
const text = v.pipe(v.string('text'), v.maxLength(100_000, 'at most 100,000 characters'));
/** A name, as drivers, models and files have them: what is not to be read in it is left out. */
const line = v.pipe(
  v.string('text'),
  v.maxLength(1000, 'at most 1,000 characters'),
  v.transform((name) => oneLine(name)),
);
const sha256 = v.pipe(v.string('64 hexadecimal digits'), v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'));
const list = <T extends v.GenericSchema>(of: T, most = 10_000) =>
  v.pipe(v.array(of, 'a list'), v.maxLength(most, `at most ${most} entries`));
const numbers = v.pipe(list(number), v.minLength(1, 'one number at least'));
const sentences = v.pipe(v.array(text, 'a list of sentences'), v.maxLength(1000, 'at most 1,000 sentences'));
const ofDoc = { doc_id: index, group: v.optional(text), cluster: v.optional(text) };

const divergence = v.object({
  ...{ kl: list(number, 1e6), dp: list(number, 1e6), same_top: index },
  gain: v.tuple([number, number]),
});

const item = v.variant('output_type', [
  v.pipe(
    v.object({
      ...ofDoc,
      output_type: v.literal('multiple_choice'),
      lls: numbers,
      is_greedy: list(v.boolean('true or false')),
      tokens: list(index),
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

const files = v.record(line, v.object({ bytes: size, sha256: v.optional(sha256) }));
const taskName = v.picklist(ALL_TASKS, 'the name of a task');
const origin = v.object({
  ...{ file: line, source: v.picklist(['folder', 'bundled', 'hub'], 'folder, bundled or hub') },
  ...{ repo: v.optional(line), revision: v.optional(line), sha256: v.optional(sha256) },
});
const adapter = v.object({
  asked: v.exactOptional(v.picklist(ADAPTER_CHOICES, ADAPTER_CHOICES.join(', '))),
  ...{ vendor: line, architecture: line, device: line, description: line },
  ...{ features: list(line), language_features: list(line) },
  limits: v.object({ maxBufferSize: size, maxStorageBufferBindingSize: size }),
});
const kernel_check = v.object({
  checked: index,
  worst: v.object({ kernel: line, case: line, max_error: number, bound: number, worst_ratio: number }),
});
const kernels = v.optional(
  v.object({ version: index, matvec: line, attention: line, tile: v.optional(line) }),
);
const started = v.pipe(text, v.isoTimestamp('a time in ISO 8601'));
/** What answered, and when. */
const machine = {
  app: v.object({ version: line, commit: line }),
  runtime: line,
  adapter,
  kernel_check,
  kernels,
  adapters: v.optional(list(v.object({ adapter, kernel_check, kernels, answers: index }))),
  started,
};
const environment = v.strictObject({
  ...machine,
  parts: v.optional(list(v.object({ index, of: index, answers: index, ...machine }), MOST_SHARDS)),
  model: v.object({
    ...{ name: line, architecture: line, parameters: size, revision: v.optional(line), files },
    adapter: v.optional(v.object({ revision: v.optional(line), files })),
    reading: v.optional(
      v.object({
        bos_in_front: v.boolean('true or false'),
        ...{ warnings: sentences, version_4_notes: sentences },
        weights_on_grid: v.optional(v.object({ blocks: index, on_grid: index })),
      }),
    ),
  }),
  chat_template: v.optional(
    v.object({
      ...{ file: text, sha256: text, date: v.optional(text) },
      without_system: v.optional(v.array(v.picklist(ALL_TASKS))),
    }),
  ),
  data: v.optional(v.record(taskName, list(origin))),
  items_sha256: v.optional(sha256),
});

const footprint = v.object({
  ...{ parameters: size, quantized_parameters: size, bitsandbytes_bytes: size },
  ...{ actual_bytes: size, bits_per_weight: within(0, 64, 'a number from 0 to 64') },
});
const timings = v.object({
  ...{ load_seconds: size, answer_seconds: size, tokens: size, tokens_per_second: size },
  items: v.optional(index),
});
const outliers = list(
  v.object({
    layer: index,
    input: v.picklist(['attention', 'output', 'mlp', 'down']),
    columns: list(index, 1e6),
  }),
);

const errors = v.object({
  calibration: v.object({ ...{ text: line, tokens: index, seed: index } }),
  tokens: index,
  layers: list(v.object({ ...{ module: line, weight_error: size, output_error: size } })),
});

const distance = v.object({
  ...{ kl: size, same_top: share },
  first: v.optional(v.object({ text: index, token: index })),
});
const peer = v.object({
  ...{ engine: line, files, revision: v.optional(line), tokens: index },
  verdict: v.picklist(['agrees', 'differs', 'not a number'], 'agrees, differs or not a number'),
  ...{ peer: distance, cost: v.optional(distance), file: v.optional(distance) },
  ...{ arithmetic: v.optional(distance), allowed: v.optional(size), unread: v.optional(line) },
  without_outputs: v.optional(v.literal(true, 'true')),
  begins: v.optional(
    v.object({
      what: v.picklist(
        ['settings', 'weights', 'product', 'not a number'],
        'settings, weights, product or not a number',
      ),
      ...{ layer: line, op_type: line, error: size, allowed: size },
    }),
  ),
  layers: v.optional(v.object({ read: index, astray: index })),
  tokenizer: v.optional(v.picklist(['equal', 'different'], 'equal or different')),
});

const failure = v.object({ code: line, message: text, hint: text });

const shard = v.pipe(
  v.strictObject({
    ...{ index, of: v.pipe(index, v.minValue(1, 'a whole number from 1')) },
    mixed: v.optional(v.literal(true, 'true, or nothing')),
    planned: v.optional(list(v.record(taskName, index))),
  }),
  v.check((one) => one.index < one.of && one.of <= MOST_SHARDS, 'one of the shards that there are'),
);

const envelope = v.object({
  version: v.literal(1, '1'),
  spec: v.unknown(),
  environment,
  runs: list(
    v.object({
      ...{
        config: v.unknown(),
        footprint,
        timings,
        outliers: v.optional(outliers),
        errors: v.optional(errors),
        peer: v.optional(peer),
      },
      tasks: list(v.object({ task: taskName, items: list(item, 1e6) })),
    }),
  ),
  digest: line,
  digest_fits: v.optional(v.literal(false, 'false, or nothing')),
  foreign: v.optional(v.literal(true, 'true, or nothing')),
  planned: v.optional(v.record(taskName, index)),
  shard: v.optional(shard),
  state: v.picklist(RUN_STATES),
  failure: v.optional(failure),
  failures: v.optional(list(v.object({ config: v.unknown(), failure }))),
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
  const { runs, state, digest, digest_fits, foreign, planned, shard, failures = [], ...rest } = parsed.output;
  const spec = parseSpec(rest.spec);
  const record: RunRecord = {
    id,
    spec,
    state,
    created: rest.environment.started,
    environment: rest.environment as unknown as Environment,
    ...(planned && { planned }),
    ...(shard && { shard: shard as Shard }),
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
        asWritten &&= isUnchanged(answer, item);
        items.push({ run_id: id, config: at, task, doc_id, item });
      }
    }
  }
  record.state = stateOf(state, record, items);
  // Answers of one question that do not fit each other are refused here.
  const result = assembleResult(record, items)!;
  const fits = asWritten && result.digest === digest && digest_fits !== false;
  const unfit = fits ? {} : ({ digest_fits: false } as const);
  return {
    record: { ...record, ...unfit, foreign: true },
    items,
    result: { ...result, ...unfit, ...(foreign && { foreign }) },
  };
}

/** A run that goes on elsewhere does not go on here, and one that lacks answers is not done, whatever it says. */
function stateOf(state: RunState, record: RunRecord, items: readonly StoredItem[]): RunState {
  if (state === 'running' || state === 'paused') return 'cancelled';
  if (state !== 'done') return state;
  return gapsOf(record, countAnswers(record, items)).length === 0 ? 'done' : 'incomplete';
}

/** True if nothing of an answer came out otherwise when it was computed anew; lists in it are taken over as they are. */
const isUnchanged = (before: ItemResult, after: ItemResult): boolean =>
  Object.entries(after).every(([key, value]) => before[key as keyof ItemResult] === value);

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
  if (issue.type === 'strict_object' && issue.expected === 'never') return `${path} is an unknown key.`;
  const found = issue.input === undefined ? 'missing' : JSON.stringify(issue.input);
  const short = found.length > 60 ? `${found.slice(0, 57)}…` : found;
  return `${path || 'The result'} is ${short}; allowed: ${issue.message.replace(/^Invalid .*Expected /, '')}.`;
}
