import { LabError } from '../errors.ts';
import { isObject, labels, shown, type Json } from './config_fields.ts';
import type { Family } from './families/family.ts';
import { FAMILIES } from './families.ts';
import type { ModelConfig } from './model_config.ts';

/**
 * Reads a config.json in either layout that transformers writes: v4 (`rope_theta`, `rope_scaling`, `torch_dtype`)
 * or v5 (`rope_parameters`, `dtype`).
 * @throws unsupported-architecture naming what is not supported; bad-config naming the field, its value, what is allowed.
 */
export function parseConfig(json: unknown, families = FAMILIES): ModelConfig {
  if (!isObject(json)) throw new LabError('bad-config', 'config.json is not a JSON object.');
  const architecture = architectureOf(json, families);
  const family = families.find((row) => namesOf(row).includes(architecture ?? ''));
  if (architecture === undefined || !family) {
    const supported = families.flatMap(namesOf).join(', ');
    const found =
      architecture === undefined ? 'config.json names no architecture' : `The model is a ${architecture}`;
    throw new LabError('unsupported-architecture', `${found}; supported: ${supported}.`);
  }
  const num_labels = family.classifiers?.includes(architecture) ? labels(json) : undefined;
  const config = { architecture, num_labels, ...family.parse(json) };
  requireComputable(config);
  return config;
}

const namesOf = ({ architectures, classifiers = [] }: Family): string[] => [...architectures, ...classifiers];

/** Configs without `architectures` name at least their type. */
function architectureOf(json: Json, families: readonly Family[]): string | undefined {
  const named: unknown = Array.isArray(json.architectures) ? json.architectures[0] : undefined;
  if (typeof named === 'string') return named;
  if (json.model_type === undefined) return undefined;
  const family = families.find(({ model_type }) => model_type === json.model_type);
  return family?.architectures[0] ?? shown(json.model_type);
}

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
