import { LabError } from '../errors.ts';
import { isObject, shown, type Json } from './config_fields.ts';
import { fatesByTable, reasonIn, refusedOf, sharing, type KeyFate } from './key_fates.ts';
import { pythonRegex } from './python_regex.ts';

/** What an adapter_config.json says of each module, by its path in the model. */
export interface LoraConfig {
  /** Whether PEFT puts an adapter on the module. */
  targets(this: void, module: string): boolean;
  rankOf(module: string): number;
  /** What B · A is multiplied with. */
  scalingOf(module: string): number;
  /** The modules that are saved whole, by the ends of their paths. */
  modules_to_save: readonly string[];
}

const READ = sharing(
  'read',
  `peft_type r lora_alpha rank_pattern alpha_pattern use_rslora target_modules exclude_modules modules_to_save bias
   init_lora_weights`,
);

/** Keys of PEFT's LoraConfig that change no number of an adapter that is trained, and why. */
const HARMLESS: Record<string, string> = {
  task_type: 'what it was trained for',
  auto_mapping: 'the class it was trained on',
  peft_version: 'who wrote it',
  base_model_name_or_path: 'where its model lay',
  revision: 'of its model',
  inference_mode: 'whether it can be trained on',
  lora_dropout: 'only in training',
  fan_in_fan_out: 'how the weight below lies, which the checkpoint says',
  layers_to_transform: 'which layers have an adapter, which its tensors say',
  layers_pattern: 'which layers have an adapter, which its tensors say',
  megatron_core: 'a module that is used only with megatron_config',
  loftq_config: 'only in an initialization, which init_lora_weights says',
  eva_config: 'only in an initialization, which init_lora_weights says',
  corda_config: 'only in an initialization, which init_lora_weights says',
  lora_ga_config: 'only in an initialization, which init_lora_weights says',
  qalora_group_size: 'only with use_qalora',
  runtime_config: 'where it is computed',
  ensure_weight_tying: 'only with adapters or saved copies of tied embeddings, which are refused',
};

/** Initializations that leave the model below as it is; the others (PiSSA, OLoRA, LoftQ, CorDA …) change it at load. */
const INITIALIZATIONS: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal'];

/**
 * Reads an adapter_config.json as PEFT 0.21 does (tuners/lora/config.py; get_pattern_key in utils/other.py).
 * @throws unsupported-architecture naming a key that asks for more than plain LoRA; bad-config.
 */
export function parseLoraConfig(json: unknown): LoraConfig {
  if (!isObject(json)) throw new LabError('bad-config', 'adapter_config.json is not a JSON object.');
  requirePlain(json);
  const r = numberOf(json, 'r', 8);
  const alpha = numberOf(json, 'lora_alpha', 8);
  const ranks = patternsOf(json, 'rank_pattern');
  const alphas = patternsOf(json, 'alpha_pattern');
  const find = (patterns: readonly Pattern[], module: string) =>
    patterns.find(({ regex }) => regex.test(module))?.value;
  const rankOf = (module: string) => find(ranks, module) ?? r;
  const targeted = matcherOf(json, 'target_modules');
  const excluded = matcherOf(json, 'exclude_modules');
  return {
    targets: (module) => (targeted?.(module) ?? true) && !excluded?.(module),
    rankOf,
    scalingOf(module) {
      const rank = rankOf(module);
      return (find(alphas, module) ?? alpha) / (json.use_rslora === true ? Math.sqrt(rank) : rank);
    },
    modules_to_save: listOf(json, 'modules_to_save'),
  };
}

function requirePlain(json: Json): void {
  if (json.peft_type !== 'LORA') {
    throw new LabError(
      'unsupported-architecture',
      `The adapter's peft_type is ${String(json.peft_type)}; supported: LORA.`,
    );
  }
  const { bias = 'none', init_lora_weights = true } = json;
  if (bias !== 'none') refuse('bias', bias, '"none"');
  if (!INITIALIZATIONS.includes(init_lora_weights ?? true)) {
    refuse(
      'init_lora_weights',
      init_lora_weights,
      INITIALIZATIONS.map((value) => JSON.stringify(value)).join(', '),
    );
  }
  for (const { key, value } of refusedOf(loraFates(json))) refuse(key, value, 'none, which is plain LoRA');
}

/** What becomes of each key of an adapter_config.json. */
export const loraFates = (json: Json): KeyFate[] =>
  fatesByTable(json, (key) => Object.hasOwn(READ, key), reasonIn(HARMLESS), isEmpty);

const isEmpty = (value: unknown): boolean =>
  value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

function refuse(key: string, value: unknown, supported: string): never {
  throw new LabError(
    'unsupported-architecture',
    `adapter_config.json: ${key} is ${JSON.stringify(value)}; supported: ${supported}.`,
  );
}

function numberOf(json: Json, field: string, missing: number): number {
  const value = json[field] ?? missing;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new LabError(
    'bad-config',
    `adapter_config.json: ${field} is ${JSON.stringify(value)}; allowed: a number.`,
  );
}

function listOf(json: Json, field: string): string[] {
  const value = json[field] ?? [];
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw new LabError(
    'bad-config',
    `adapter_config.json: ${field} is ${JSON.stringify(value)}; allowed: a list of names.`,
  );
}

interface Pattern {
  regex: RegExp;
  value: number;
}

/** Regular expressions for the ends of paths, the first that matches counting: `{"layers\\.\\d+\\.q_proj": 4}`. */
function patternsOf(json: Json, field: string): Pattern[] {
  const patterns = json[field] ?? {};
  if (!isObject(patterns)) {
    throw new LabError(
      'bad-config',
      `adapter_config.json: ${field} is ${shown(patterns)}; allowed: an object of numbers.`,
    );
  }
  return Object.keys(patterns).map((key) => ({
    regex: regexOf(field, key, `^(.*\\.)?(${key})$`),
    value: numberOf({ [`${field} of ${key}`]: patterns[key] ?? 'null' }, `${field} of ${key}`, 0),
  }));
}

/** A list names ends of paths, a text is a regular expression for all of one. */
function matcherOf(json: Json, field: string): ((module: string) => boolean) | undefined {
  const value = json[field] ?? undefined;
  if (value === undefined || value === 'all-linear') return undefined;
  if (typeof value === 'string') {
    const regex = regexOf(field, value, `^(?:${value})$`);
    return (module) => regex.test(module);
  }
  const ends = listOf(json, field);
  return (module) => ends.some((end) => module === end || module.endsWith(`.${end}`));
}

function regexOf(field: string, key: string, whole: string): RegExp {
  // The key by itself must be one, too: it may not close the group it is put into.
  const regex = pythonRegex(key) && pythonRegex(whole);
  if (regex) return regex;
  throw new LabError(
    'unsupported-architecture',
    `adapter_config.json: ${field} has ${JSON.stringify(key)}; supported: regular expressions that Python and JavaScript read alike.`,
  );
}
