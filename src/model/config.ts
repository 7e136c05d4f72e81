import { LabError } from '../errors.ts';
import { MAX_HEAD_DIM } from '../gpu/device/limits.ts';

/** What the lab needs to know of a model, under the names of transformers' config.json. */
export type ModelConfig = LlamaConfig | Gpt2Config;

interface Common {
  architecture: string;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  vocab_size: number;
  max_position_embeddings: number;
  tie_word_embeddings: boolean;
  /** Ids that end a generation. */
  eos_token_ids: readonly number[];
  /** Classes of a sequence classifier; undefined for a language model. */
  num_labels: number | undefined;
  /** Tokens a position looks back on, itself included; undefined for all. */
  sliding_window: number | undefined;
}

/** Llama, and what differs from it only in biases and norms: Qwen2, Qwen3, Mistral. */
export interface LlamaConfig extends Common {
  family: 'llama';
  rms_norm_eps: number;
  rope: Rope;
  qkv_bias: boolean;
  o_bias: boolean;
  mlp_bias: boolean;
  /** RMSNorm of each head's queries and keys (Qwen3). */
  qk_norm: boolean;
}

export interface Gpt2Config extends Common {
  family: 'gpt2';
  layer_norm_epsilon: number;
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

const ARCHITECTURES: Record<string, (json: Json, architecture: string) => ModelConfig> = {
  LlamaForCausalLM: (json, architecture) => {
    const bias = boolean(json, 'attention_bias');
    return llama(json, { architecture, qkv_bias: bias, o_bias: bias, mlp_bias: boolean(json, 'mlp_bias') });
  },
  MistralForCausalLM: (json, architecture) =>
    llama(json, { architecture, sliding_window: optionalInteger(json, 'sliding_window') }),
  Qwen2ForCausalLM: (json, architecture) =>
    llama(json, { architecture, qkv_bias: true, sliding_window: qwenWindow(json) }),
  Qwen3ForCausalLM: (json, architecture) => {
    const bias = boolean(json, 'attention_bias');
    const sliding_window = qwenWindow(json);
    return llama(json, { architecture, qkv_bias: bias, o_bias: bias, qk_norm: true, sliding_window });
  },
  GPT2LMHeadModel: (json, architecture) => gpt2(json, architecture, undefined),
  GPT2ForSequenceClassification: (json, architecture) => gpt2(json, architecture, labels(json)),
};

/**
 * Reads a config.json in either layout that transformers writes: v4 (`rope_theta`, `rope_scaling`, `torch_dtype`)
 * or v5 (`rope_parameters`, `dtype`).
 * @throws unsupported-architecture naming what is not supported; bad-config naming the field, its value, what is allowed.
 */
export function parseConfig(json: unknown): ModelConfig {
  if (!isObject(json)) throw new LabError('bad-config', 'config.json is not a JSON object.');
  const architecture = architectureOf(json);
  const parse = architecture === undefined ? undefined : ARCHITECTURES[architecture];
  if (architecture === undefined || !parse) {
    const supported = Object.keys(ARCHITECTURES).join(', ');
    const found =
      architecture === undefined ? 'config.json names no architecture' : `The model is a ${architecture}`;
    throw new LabError('unsupported-architecture', `${found}; supported: ${supported}.`);
  }
  const config = parse(json, architecture);
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
  return config;
}

/** Configs without `architectures` name at least their type. */
function architectureOf(json: Json): string | undefined {
  const named: unknown = Array.isArray(json.architectures) ? json.architectures[0] : undefined;
  if (typeof named === 'string') return named;
  if (json.model_type === undefined) return undefined;
  return json.model_type === 'llama' ? 'LlamaForCausalLM' : shown(json.model_type);
}

type LlamaTraits = Pick<LlamaConfig, 'architecture'> &
  Partial<Pick<LlamaConfig, 'qkv_bias' | 'o_bias' | 'mlp_bias' | 'qk_norm' | 'sliding_window'>>;

function llama(json: Json, traits: LlamaTraits): LlamaConfig {
  requireOnly(json, 'hidden_act', 'silu');
  const hidden_size = integer(json, 'hidden_size', 4, 65536);
  const num_attention_heads = integer(json, 'num_attention_heads', 1, 1024);
  return {
    family: 'llama',
    hidden_size,
    intermediate_size: integer(json, 'intermediate_size', 4, 262144),
    num_hidden_layers: integer(json, 'num_hidden_layers', 1, 512),
    num_attention_heads,
    num_key_value_heads: integer(json, 'num_key_value_heads', 1, 1024, num_attention_heads),
    head_dim: integer(json, 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads),
    vocab_size: integer(json, 'vocab_size', 2, 2 ** 21),
    max_position_embeddings: integer(json, 'max_position_embeddings', 2, 2 ** 24),
    tie_word_embeddings: boolean(json, 'tie_word_embeddings'),
    eos_token_ids: eosIds(json),
    num_labels: undefined,
    rms_norm_eps: number(json, 'rms_norm_eps', 0, 1, 1e-6),
    rope: parseRope(json),
    qkv_bias: traits.qkv_bias ?? false,
    o_bias: traits.o_bias ?? false,
    mlp_bias: traits.mlp_bias ?? false,
    qk_norm: traits.qk_norm ?? false,
    sliding_window: traits.sliding_window,
    architecture: traits.architecture,
  };
}

/** Qwen's configs carry a window that they do not use unless they say so. */
function qwenWindow(json: Json): number | undefined {
  if (!boolean(json, 'use_sliding_window')) return undefined;
  throw new LabError(
    'unsupported-architecture',
    'config.json: use_sliding_window is true; supported: false.',
  );
}

function gpt2(json: Json, architecture: string, num_labels: number | undefined): Gpt2Config {
  requireOnly(json, 'activation_function', 'gelu_new');
  requireOnly(json, 'scale_attn_weights', true);
  requireOnly(json, 'scale_attn_by_inverse_layer_idx', false);
  const hidden_size = integer(json, 'n_embd', 4, 65536);
  const num_attention_heads = integer(json, 'n_head', 1, 1024);
  return {
    family: 'gpt2',
    architecture,
    hidden_size,
    intermediate_size: integer(json, 'n_inner', 4, 262144, 4 * hidden_size),
    num_hidden_layers: integer(json, 'n_layer', 1, 512),
    num_attention_heads,
    num_key_value_heads: num_attention_heads,
    head_dim: integer({ head_dim: hidden_size / num_attention_heads }, 'head_dim', 4, MAX_HEAD_DIM),
    vocab_size: integer(json, 'vocab_size', 2, 2 ** 21),
    max_position_embeddings: integer(json, 'n_positions', 2, 2 ** 24),
    tie_word_embeddings: boolean({ tie_word_embeddings: true, ...json }, 'tie_word_embeddings'),
    eos_token_ids: eosIds(json),
    num_labels,
    sliding_window: undefined,
    layer_norm_epsilon: number(json, 'layer_norm_epsilon', 0, 1, 1e-5),
  };
}

/** transformers writes the labels' names, and their number only where it is not 2. */
function labels(json: Json): number {
  const named = isObject(json.id2label) ? Object.keys(json.id2label).length : 2;
  return integer(json, 'num_labels', 1, 100_000, named);
}

const eosIds = (json: Json): number[] =>
  [json.eos_token_id].flat().filter((id): id is number => Number.isInteger(id));

function parseRope(json: Json): Rope {
  // v5 puts everything into rope_parameters; v4 keeps rope_theta beside an optional rope_scaling.
  const parameters = isObject(json.rope_parameters) ? json.rope_parameters : json.rope_scaling;
  const scaling: Json = isObject(parameters) ? parameters : {};
  const rope_theta = number({ ...json, ...scaling }, 'rope_theta', 1, 1e12, 10000);
  const rope_type = shown(scaling.rope_type ?? scaling.type ?? 'default');
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

/** A field whose other values mean arithmetic that is not here. */
function requireOnly(json: Json, field: string, only: string | boolean): void {
  const value = json[field] ?? only;
  if (value === only) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${field} is ${shown(value)}; supported: ${String(only)}.`,
  );
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

const optionalInteger = (json: Json, field: string): number | undefined =>
  json[field] === undefined || json[field] === null ? undefined : integer(json, field, 1, 2 ** 24);

function boolean(json: Json, field: string): boolean {
  const value = json[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${JSON.stringify(value)}; allowed: true or false.`,
  );
}

/** A value of a config as a sentence shows it: text bare, anything else as JSON. */
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
