import { LabError } from '../errors.ts';
import {
  byOwnNames,
  fieldsOf,
  isObject,
  labels,
  requireCausal,
  shown,
  type Fields,
} from './config_fields.ts';
import type { Family } from './families/family.ts';
import { FAMILIES } from './families.ts';
import { refusalOf } from './families/refused.ts';
import { configFates, requireAllRead } from './harmless_fields.ts';
import type { KeyFate } from './key_fates.ts';
import type { ModelConfig } from './model_config.ts';

/**
 * Reads a config.json in either layout that transformers writes: v4 (`rope_theta`, `rope_scaling`, `torch_dtype`)
 * or v5 (`rope_parameters`, `dtype`).
 * @throws unsupported-architecture naming what is not supported, a field that nobody knows among it; bad-config naming
 * the field, its value, what is allowed.
 */
export function parseConfig(json: unknown, families = FAMILIES): ModelConfig {
  const { config, failure } = readConfig(json, families);
  if (config) return config;
  throw failure;
}

/** A config.json as a model, or why there is none; and what became of each of its keys. */
export type ConfigReading = { keys: KeyFate[] } & (
  { config: ModelConfig; failure?: undefined } | { config?: undefined; failure: Error }
);

/** Reads a config.json as parseConfig does, for whoever asks what became of its keys. */
export function readConfig(json: unknown, families = FAMILIES): ConfigReading {
  if (!isObject(json)) {
    return { keys: [], failure: new LabError('bad-config', 'config.json is not a JSON object.') };
  }
  const fields = fieldsOf(json);
  let family: Family | undefined;
  let reached = false;
  try {
    const found = architectureOf(fields, families);
    const { architecture } = found;
    family = found.family;
    requireCausal(fields);
    const num_labels = family.classifiers?.includes(architecture) ? labels(fields) : undefined;
    const config = {
      architecture,
      num_labels,
      ...family.parse(byOwnNames(fields, family.attribute_map ?? {})),
    };
    reached = true;
    const keys = configFates(fields, family.harmless);
    requireAllRead(keys, family);
    requireComputable(config);
    return { config, keys };
  } catch (error) {
    return { keys: configFates(fields, family?.harmless, reached), failure: error as Error };
  }
}

const namesOf = ({ architectures, classifiers = [] }: Family): string[] => [...architectures, ...classifiers];

/**
 * Finds a model's family as transformers does, by model_type, and without one by architectures. A config.json may
 * name the architecture by an older name (LLaMAForCausalLM), that of a fork (YiForCausalLM), or of the base model.
 */
function architectureOf(
  fields: Fields,
  families: readonly Family[],
): { family: Family; architecture: string } {
  const type = fields.get('model_type');
  const names = fields.get('architectures');
  const named: unknown = Array.isArray(names) ? names[0] : undefined;
  const architecture = typeof named === 'string' ? named : undefined;
  const typed = type === undefined ? undefined : families.find(({ model_type }) => model_type === type);
  const family =
    typed ?? families.find((row) => architecture !== undefined && namesOf(row).includes(architecture));
  if (family && (architecture === undefined || isLanguageModel(family, architecture))) {
    return { family, architecture: family.architectures[0] };
  }
  if (family && architecture !== undefined && family.classifiers?.includes(architecture)) {
    return { family, architecture };
  }
  const found = architecture ?? type;
  const refusal = refusalOf({ architecture, type });
  throw new LabError(
    'unsupported-architecture',
    refusal ??
      `${found === undefined || found === null ? 'config.json names no architecture' : `The model is a ${shown(found)}`}; supported: ${supportedNames(families)}.`,
  );
}

/** All names, those of language models first. */
const supportedNames = (families: readonly Family[]): string =>
  [
    ...families.flatMap(({ architectures }) => architectures),
    ...families.flatMap(({ classifiers = [] }) => classifiers),
  ].join(', ');

/**
 * Whether a name says nothing against a model of tokens: transformers does not ask for it where there is a model_type,
 * but weights for something else (ForTokenClassification, a reward model) have another head, and some attend both ways.
 */
const isLanguageModel = ({ architectures }: Family, architecture: string): boolean =>
  architectures.includes(architecture) ||
  /ForCausalLM$/i.test(architecture) ||
  !/For[A-Z]\w*$|Reward|Classifi|Embedding|Bidirectional/.test(architecture);

function requireComputable(config: ModelConfig): void {
  if (config.num_attention_heads % config.num_key_value_heads !== 0) {
    throw new LabError(
      'bad-config',
      `config.json: num_attention_heads is ${config.num_attention_heads}, which is no multiple of num_key_value_heads, ${config.num_key_value_heads}.`,
    );
  }
  // Kernels read activations four at a time.
  for (const field of ['hidden_size', 'intermediate_size', 'head_dim'] as const) {
    if (config[field] % 4 === 0) continue;
    throw new LabError(
      'unsupported-architecture',
      `config.json: ${field} is ${config[field]}; it must be a multiple of 4.`,
    );
  }
}
