import { LabError } from '../errors.ts';
import { MAX_HEAD_DIM } from '../gpu/attention.ts';

/** What the lab needs to know of a Llama, under the names of transformers' config.json. */
export interface ModelConfig {
  architecture: 'LlamaForCausalLM';
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  vocab_size: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  rope: Rope;
  tie_word_embeddings: boolean;
  attention_bias: boolean;
  mlp_bias: boolean;
  /** Ids that end a generation. */
  eos_token_ids: readonly number[];
}

export type Rope =
  | { rope_type: 'default'; rope_theta: number }
  | { rope_type: 'linear'; rope_theta: number; factor: number }
  | {
      rope_type: 'llama3';
      rope_theta: number;
      factor: number;
      low_freq_factor: number;
      high_freq_factor: number;
      original_max_position_embeddings: number;
    };

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a config.json in either layout that transformers writes: v4 (`rope_theta`, `rope_scaling`, `torch_dtype`)
 * or v5 (`rope_parameters`, `dtype`).
 * @throws unsupported-architecture naming what is not supported; bad-config naming the field, its value, what is allowed.
 */
export function parseConfig(json: unknown): ModelConfig {
  if (!isObject(json)) throw new LabError('bad-config', 'config.json is not a JSON object.');
  const architecture = requireLlama(json);
  const hidden_size = integer(json, 'hidden_size', 4, 65536);
  const num_attention_heads = integer(json, 'num_attention_heads', 1, 1024);
  const num_key_value_heads = integer(json, 'num_key_value_heads', 1, 1024, num_attention_heads);
  const head_dim = integer(json, 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads);
  const config: ModelConfig = {
    architecture,
    hidden_size,
    intermediate_size: integer(json, 'intermediate_size', 4, 262144),
    num_hidden_layers: integer(json, 'num_hidden_layers', 1, 512),
    num_attention_heads,
    num_key_value_heads,
    head_dim,
    vocab_size: integer(json, 'vocab_size', 2, 2 ** 21),
    max_position_embeddings: integer(json, 'max_position_embeddings', 2, 2 ** 24),
    rms_norm_eps: number(json, 'rms_norm_eps', 0, 1, 1e-6),
    rope: parseRope(json),
    tie_word_embeddings: boolean(json, 'tie_word_embeddings'),
    attention_bias: boolean(json, 'attention_bias'),
    mlp_bias: boolean(json, 'mlp_bias'),
    eos_token_ids: [json.eos_token_id].flat().filter((id): id is number => Number.isInteger(id)),
  };
  if (num_attention_heads % num_key_value_heads !== 0) {
    throw new LabError(
      'bad-config',
      `config.json: num_attention_heads is ${num_attention_heads}, which is no multiple of num_key_value_heads, ${num_key_value_heads}.`,
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
  return config;
}

function requireLlama(json: Json): ModelConfig['architecture'] {
  const found = Array.isArray(json.architectures) ? String(json.architectures[0]) : String(json.model_type);
  if (found !== 'LlamaForCausalLM' && !(json.architectures === undefined && found === 'llama')) {
    throw new LabError('unsupported-architecture', `The model is a ${found}; supported: LlamaForCausalLM.`);
  }
  const activation = json.hidden_act ?? 'silu';
  if (activation !== 'silu') {
    throw new LabError(
      'unsupported-architecture',
      `config.json: hidden_act is ${String(activation)}; supported: silu.`,
    );
  }
  return 'LlamaForCausalLM';
}

function parseRope(json: Json): Rope {
  // v5 puts everything into rope_parameters; v4 keeps rope_theta beside an optional rope_scaling.
  const parameters = isObject(json.rope_parameters) ? json.rope_parameters : json.rope_scaling;
  const scaling: Json = isObject(parameters) ? parameters : {};
  const rope_theta = number({ ...json, ...scaling }, 'rope_theta', 1, 1e12, 10000);
  const rope_type = String(scaling.rope_type ?? scaling.type ?? 'default');
  switch (rope_type) {
    case 'default':
      return { rope_type, rope_theta };
    case 'linear':
      return { rope_type, rope_theta, factor: number(scaling, 'factor', 1, 1e4) };
    case 'llama3':
      return {
        rope_type,
        rope_theta,
        factor: number(scaling, 'factor', 1, 1e4),
        low_freq_factor: number(scaling, 'low_freq_factor', 1e-3, 1e4),
        high_freq_factor: number(scaling, 'high_freq_factor', 1e-3, 1e4),
        original_max_position_embeddings: integer(scaling, 'original_max_position_embeddings', 2, 2 ** 24),
      };
    default:
      throw new LabError(
        'unsupported-architecture',
        `config.json: rope_type is ${rope_type}; supported: default, linear, llama3.`,
      );
  }
}

function number(json: Json, field: string, least: number, most: number, missing?: number): number {
  const value = json[field] ?? missing;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  const found = value === undefined ? 'missing' : JSON.stringify(value);
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${found}; allowed: a number from ${least} to ${most}.`,
  );
}

function integer(json: Json, field: string, least: number, most: number, missing?: number): number {
  const value = number(json, field, least, most, missing);
  if (Number.isInteger(value)) return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${value}; allowed: a whole number from ${least} to ${most}.`,
  );
}

function boolean(json: Json, field: string): boolean {
  const value = json[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${JSON.stringify(value)}; allowed: true or false.`,
  );
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
