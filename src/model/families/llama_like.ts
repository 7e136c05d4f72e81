import type { Activation } from '../../gpu/kernels/activate.ts';
import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, integer, number, type Fields } from '../config_fields.ts';
import type { BlockSpec, ModelConfig, Norm, Rope } from '../model_config.ts';
import { linear, type ParsedModel } from './family.ts';
import { parseActivation } from './parse_activation.ts';
import { parseRope, type RopeOptions, type RopeSizes } from './parse_rope.ts';

/** The values that transformers' config class of a family gives to absent fields. hidden_size is asked for all the same: without it a file is no model's. */
export interface Defaults {
  vocab_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Absent: as many as there are heads. */
  num_key_value_heads?: number;
  /** Absent: hidden_size / num_attention_heads. */
  head_dim?: number;
  max_position_embeddings: number;
  /** Absent: silu. */
  hidden_act?: string;
  /** Absent: 1e-6. */
  rms_norm_eps?: number;
  /** Absent: 10000. */
  rope_theta?: number;
  /** Absent: false. */
  tie_word_embeddings?: boolean;
  /** Absent: none. */
  eos_token_id?: number | readonly number[];
}

/** Differences among the families that follow Llama: norms, biases, norms of heads, and windows. */
export interface Traits {
  /** Absent: RMSNorm by rms_norm_eps. */
  norm?: Norm;
  qkv_bias?: boolean;
  o_bias?: boolean;
  mlp_bias?: boolean;
  qk_norm?: boolean;
  /** Of each layer, or one for all. */
  windows?: readonly (number | undefined)[];
  /** Whether each layer turns queries and keys by position, or one for all. */
  turned?: readonly boolean[];
  /** How its class reads its rope, where it does not as Llama's. */
  rope?: RopeOptions;
  /** Of the MLP; absent: as hidden_act says. */
  activation?: Activation;
  /** The rope of each layer, where layers have others than one or none. */
  ropes?: (sizes: RopeSizes) => readonly Rope[];
}

/** Norms behind attention and MLP, where others have them in front. */
export const POST_NORMS: BlockSpec['norms'] = {
  attention_out: 'post_attention_layernorm',
  mlp_out: 'post_feedforward_layernorm',
};

/** Reads a model whose block is Llama's (transformers modeling_llama.py) up to some traits. */
export function llamaLike(fields: Fields, defaults: Defaults, traits: Traits = {}): ParsedModel {
  const { norm, qkv_bias = false, o_bias = false, mlp_bias = false, qk_norm = false } = traits;
  const { windows = [undefined] } = traits;
  const sizes = readSizes(fields, defaults);
  const ropes = traits.ropes?.(sizes) ?? oneRope(fields, sizes, defaults, traits);
  const block: BlockSpec = {
    norms: { attention_in: 'input_layernorm', mlp_in: 'post_attention_layernorm' },
    qk_norm: qk_norm ? { q: 'self_attn.q_norm', k: 'self_attn.k_norm', over: 'head' } : undefined,
    linears: [
      linear('self_attn.q_proj', ['q'], qkv_bias),
      linear('self_attn.k_proj', ['k'], qkv_bias),
      linear('self_attn.v_proj', ['v'], qkv_bias),
      linear('self_attn.o_proj', ['o'], o_bias),
      linear('mlp.gate_proj', ['gate'], mlp_bias),
      linear('mlp.up_proj', ['up'], mlp_bias),
      linear('mlp.down_proj', ['down'], mlp_bias),
    ],
    rope: ropes[0],
    window: undefined,
    activation: traits.activation ?? parseActivation(fields, 'hidden_act', defaults.hidden_act ?? 'silu'),
  };
  return {
    ...sizes,
    tie_word_embeddings: boolean(fields, 'tie_word_embeddings', defaults.tie_word_embeddings),
    eos_token_ids: eosIds(fields, defaults.eos_token_id),
    norm: norm ?? { kind: 'rms', eps: number(fields, 'rms_norm_eps', 0, 1, defaults.rms_norm_eps ?? 1e-6) },
    blocks: blocksOf(
      Array.from({ length: Math.max(windows.length, ropes.length) }, (_, layer) => ({
        ...block,
        window: windows[layer % windows.length],
        rope: ropes[layer % ropes.length],
      })),
    ),
    names: {
      // A base model saved by itself has no prefix.
      prefixes: ['model.', ''],
      embedding: 'embed_tokens',
      positions: undefined,
      layers: 'layers',
      norm: 'norm',
    },
    mask_buffers: false,
  };
}

/** The rope of each layer that turns, and one that turns nothing for those that know no positions. */
function oneRope(
  fields: Fields,
  sizes: RopeSizes,
  { rope_theta }: Defaults,
  { rope: options, turned = [true] }: Traits,
): Rope[] {
  const rope = parseRope(fields, sizes, { ...options, default_theta: rope_theta });
  const still: Rope = { ...rope, rotary_dim: 0 };
  return turned.map((turns) => (turns ? rope : still));
}

type Size =
  | 'hidden_size'
  | 'intermediate_size'
  | 'num_hidden_layers'
  | 'num_attention_heads'
  | 'num_key_value_heads'
  | 'head_dim'
  | 'vocab_size'
  | 'max_position_embeddings';

function readSizes(fields: Fields, defaults: Defaults): Pick<ModelConfig, Size> {
  const hidden_size = integer(fields, 'hidden_size', 4, 65536);
  const heads = integer(fields, 'num_attention_heads', 1, 1024, defaults.num_attention_heads);
  // Null stands for as many as there are heads, whatever the class has for an absent field.
  const kv_heads =
    fields.get('num_key_value_heads') === null ? heads : (defaults.num_key_value_heads ?? heads);
  return {
    hidden_size,
    intermediate_size: integer(fields, 'intermediate_size', 4, 262144, defaults.intermediate_size),
    num_hidden_layers: integer(fields, 'num_hidden_layers', 1, 512, defaults.num_hidden_layers),
    num_attention_heads: heads,
    num_key_value_heads: integer(fields, 'num_key_value_heads', 1, 1024, kv_heads),
    head_dim: integer(
      fields,
      'head_dim',
      4,
      MAX_HEAD_DIM,
      (fields.get('head_dim') === null ? undefined : defaults.head_dim) ?? Math.floor(hidden_size / heads),
    ),
    vocab_size: integer(fields, 'vocab_size', 2, 2 ** 21, defaults.vocab_size),
    max_position_embeddings: integer(
      fields,
      'max_position_embeddings',
      2,
      2 ** 24,
      defaults.max_position_embeddings,
    ),
  };
}

/** The kinds of block in turn, where all layers are alike only one. */
function blocksOf(layers: readonly BlockSpec[]): ModelConfig['blocks'] {
  const [first, ...rest] = layers as [BlockSpec, ...BlockSpec[]];
  const alike = rest.every(({ window, rope }) => window === first.window && rope === first.rope);
  return alike ? [first] : [first, ...rest];
}

/** The same model with other fields in its blocks. */
export const changeBlocks = (
  model: ParsedModel,
  change: (block: BlockSpec) => Partial<BlockSpec>,
): ParsedModel => ({
  ...model,
  blocks: model.blocks.map((block) => ({ ...block, ...change(block) })) as [BlockSpec, ...BlockSpec[]],
});
