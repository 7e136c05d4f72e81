import * as v from 'valibot';
import { LabError } from '../errors.ts';
import { CHAT_OPTIONS } from '../eval/tasks/task.ts';
import { ALL_TASKS, TASKS, takesChat, TASK_LIST, type TaskName } from '../eval/tasks/tasks.ts';
import { DEFAULT_CALIBRATION } from '../quant/calibrated/calibration.ts';
import type { QuantConfig } from '../quant/config.ts';
import { allowedList, oneOf } from './allowed.ts';
import { configKeys, configSchema, repoName } from './config_schema.ts';
import { withHubNames } from './hub_name.ts';
import { lineOf } from './one_line.ts';

/** An experiment to run: the builder edits it, a link carries it, the runner runs it, the store keeps it. */
export interface ExperimentSpec {
  version: 1;
  title: string;
  model: ModelRef;
  /** The first one is the baseline of every comparison. */
  configs: QuantConfig[];
  tasks: TaskSpec[];
  /** Orders the items of a task, so that `limit` takes a fair sample; the same seed takes the same items. */
  seed: number;
  /** Stops at a configuration that fails, as by default, or goes on with the next; measurements stay either way. */
  on_error?: 'stop' | 'continue' | undefined;
}

export type ModelRef = (
  | { source: 'bundled'; name: string }
  | {
      source: 'hub';
      repo: string;
      revision: string;
      /** The one file to read, where the model lies in a GGUF file among others. */
      file?: string | undefined;
    }
  | { source: 'local'; name: string }
) & {
  /** A LoRA adapter on top, as PEFT saves it. */
  adapter?: AdapterRef | undefined;
};

export type AdapterRef =
  { source: 'hub'; repo: string; revision: string } | { source: 'local'; name: string };

export interface TaskSpec {
  task: TaskName;
  split?: 'train' | 'validation' | 'test' | undefined;
  /** The first so many of the seeded order. */
  limit?: number | undefined;
  /** Or these items outright. */
  doc_ids?: number[] | undefined;
  num_fewshot?: number | undefined;
  /** The file to read, by its path in the data folder: the task text only. */
  file?: string | undefined;
  /** The prompt as a conversation, through the model's chat template. */
  apply_chat_template?: boolean | undefined;
  /** Each example a turn of its own, the default with a chat template; or all of them in the turn that asks. */
  fewshot_as_multiturn?: boolean | undefined;
  /** Stands before everything; with a chat template as the system's turn. */
  system_instruction?: string | undefined;
}

/** Models that come with the page. */
export const BUNDLED_MODELS = ['nibble-tiny', 'nibble-news'] as const;

/** The files each of them has. */
export const BUNDLED_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'model.safetensors',
] as const;

/** A spec of more configurations than this is a mistake, not an experiment. */
const MAX_CONFIGS = 64;

// Messages below say what is allowed: a refusal reads "<key> is <value>; allowed: <message>".
const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`a whole number from ${least} to ${most}`),
    v.check((n) => Number.isInteger(n) && n >= least && n <= most, `a whole number from ${least} to ${most}`),
  );

const revision = v.pipe(
  v.string('a branch, tag or commit'),
  v.regex(/^[\w.-]{1,128}$/, 'a branch, tag or commit of letters, digits, ".", "_" and "-"'),
  v.check((name) => !name.startsWith('.') && !name.includes('..'), 'a branch, tag or commit, without ".."'),
);
/** A file of a repository, which becomes a part of an address. */
const ggufPath = v.pipe(
  v.string('the path of a .gguf file'),
  v.regex(/^[\w-][\w./-]{0,250}\.gguf$/i, 'the path of a .gguf file in the repository'),
  v.check(
    (path) => path.split('/').every((part) => !['', '.', '..'].includes(part)),
    'the path of a .gguf file in the repository',
  ),
);
const shortText = lineOf(200);

const fromHub = { source: v.literal('hub'), repo: repoName, revision: v.optional(revision, 'main') };
const fromFolder = { source: v.literal('local'), name: shortText };
const adapter = v.optional(
  v.variant('source', [v.strictObject(fromHub), v.strictObject(fromFolder)], allowedList(['hub', 'local'])),
);

const model = v.variant(
  'source',
  [
    v.strictObject({ source: v.literal('bundled'), name: oneOf(BUNDLED_MODELS), adapter }),
    v.strictObject({ ...fromHub, file: v.optional(ggufPath), adapter }),
    v.strictObject({ ...fromFolder, adapter }),
  ],
  allowedList(['bundled', 'hub', 'local']),
);

/** A link comes from anyone: what it names must lie within the data folder. */
const dataPath = v.pipe(
  v.string('a path in the data folder'),
  v.regex(/^[^/\\\p{Cc}][^\\\p{Cc}]{0,198}$/u, 'a path in the data folder, with "/" between its parts'),
  v.check(
    (path) => path.split('/').every((part) => !['', '.', '..'].includes(part)),
    'a path in the data folder, without ".."',
  ),
);

const task = v.strictObject({
  task: v.picklist(ALL_TASKS, TASK_LIST.map((name) => `"${name}"`).join(', ')),
  split: v.optional(oneOf(['train', 'validation', 'test'])),
  limit: v.optional(whole(1, 1e6)),
  doc_ids: v.optional(
    v.pipe(v.array(whole(0, 1e6), 'a list of item numbers'), v.minLength(1, 'at least one item')),
  ),
  num_fewshot: v.optional(whole(0, 100)),
  file: v.optional(dataPath),
  apply_chat_template: v.optional(v.boolean('true or false')),
  fewshot_as_multiturn: v.optional(v.boolean('true or false')),
  system_instruction: v.optional(
    v.pipe(
      v.string('text'),
      v.minLength(1, 'at least one character'),
      v.maxLength(2000, 'at most 2000 characters'),
    ),
  ),
});

const experiment = v.strictObject({
  version: v.literal(1, '1'),
  title: v.optional(shortText, ''),
  model,
  configs: v.pipe(
    v.array(configSchema, 'a list of configurations'),
    v.minLength(1, 'at least one configuration'),
    v.maxLength(MAX_CONFIGS, `at most ${MAX_CONFIGS} configurations`),
  ),
  tasks: v.pipe(v.array(task, 'a list of tasks'), v.minLength(1, 'at least one task')),
  seed: v.optional(whole(0, 2 ** 32 - 1), 0),
  on_error: v.optional(oneOf(['stop', 'continue'])),
});

/** Configurations alone, checked and filled in as within a spec. */
export function parseConfigs(json: unknown): QuantConfig[] {
  const result = v.safeParse(v.array(configSchema), json, { abortEarly: true });
  if (!result.success) throw new LabError('bad-spec', sentence(result.issues[0]).replace(/^\[0\]\.?/, ''));
  return result.output;
}

/**
 * A spec from untrusted JSON, its defaults filled in.
 * @throws bad-spec naming the key, what was found and what is allowed: `configs[1].blocksize is 48; allowed: 32, 64, …`.
 */
export function parseSpec(json: unknown): ExperimentSpec {
  const result = v.safeParse(experiment, withHubNames(json), { abortEarly: true });
  if (!result.success) throw new LabError('bad-spec', sentence(result.issues[0]));
  const spec = result.output as ExperimentSpec;
  requireOnce(
    spec.configs.map((c) => canonicalJson(c)),
    'configs',
  );
  requireOnce(
    spec.tasks.map((t) => t.task),
    'tasks',
  );
  spec.tasks.forEach(({ task, file }, i) => {
    if (file === undefined || TASKS[task].any_file) return;
    throw new LabError(
      'bad-spec',
      `tasks[${i}].file is ${JSON.stringify(file)}; allowed: with the task text.`,
    );
  });
  spec.tasks.forEach(requireConversation);
  spec.tasks.forEach(({ limit, doc_ids }, i) => {
    if (limit === undefined || doc_ids === undefined) return;
    throw new LabError('bad-spec', `tasks[${i}] has both limit and doc_ids; allowed: one of them.`);
  });
  return spec;
}

/** The options of a conversation are for tasks that have a prompt. */
function requireConversation(asked: TaskSpec, i: number): void {
  const refuse = (key: string, value: unknown, allowed: string): never => {
    throw new LabError('bad-spec', `tasks[${i}].${key} is ${JSON.stringify(value)}; allowed: ${allowed}.`);
  };
  for (const key of CHAT_OPTIONS) {
    if (asked[key] !== undefined && !takesChat(asked.task)) {
      refuse(key, asked[key], 'with a task that asks by a prompt');
    }
  }
  if (asked.fewshot_as_multiturn !== undefined && !asked.apply_chat_template) {
    refuse('fewshot_as_multiturn', asked.fewshot_as_multiturn, 'with apply_chat_template');
  }
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const path =
    issue.path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') ?? '';
  const key = path.replace(/^\./, '') || 'The spec';
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `${key} is an unknown key; allowed: ${knownKeys(issue)}.`;
  const found = issue.input === undefined ? 'missing' : JSON.stringify(issue.input);
  const short = found.length > 60 ? `${found.slice(0, 57)}…` : found;
  return `${key} is ${short}; allowed: ${issue.type === 'strict_object' ? 'an object' : issue.message}.`;
}

/** The keys the object of an unknown key may have: valibot names only the wrong one. */
function knownKeys(issue: v.BaseIssue<unknown>): string {
  const place = issue.path!.slice(0, -1).map(({ key }) => String(key));
  const [area] = place;
  if (area === undefined) return Object.keys(experiment.entries).join(', ');
  if (area === 'tasks') return Object.keys(task.entries).join(', ');
  const owner = issue.path!.at(-2)?.value as Record<string, unknown> | undefined;
  if (place.at(-1) === 'calibration') return Object.keys(DEFAULT_CALIBRATION).join(', ');
  if (area === 'configs') return configKeys(owner && 'peer' in owner ? 'peer' : owner?.quant_type).join(', ');
  const match = model.options.find(({ entries }) => entries.source.literal === owner?.source);
  return Object.keys(match?.entries ?? {}).join(', ');
}

function requireOnce(keys: readonly string[], field: string): void {
  const again = keys.findIndex((key, i) => keys.indexOf(key) !== i);
  if (again < 0) return;
  throw new LabError(
    'bad-spec',
    `${field}[${again}] repeats ${field}[${keys.indexOf(keys[again]!)}]; allowed: each once.`,
  );
}

/** JSON with sorted keys, so that equal values have equal text (as RFC 8785 for the values a spec has). */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

/** The value with the keys of its objects in order; a list without objects stays as it is, for results are full of them. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.some((one) => typeof one === 'object') ? value.map(sorted) : value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
