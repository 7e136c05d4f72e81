import type { Activation } from '../gpu/kernels/activate.ts';

/**
 * A model as data: sizes under the names of transformers' config.json; norms, blocks and tensors' names as its family
 * gives them. Plain values throughout, so that it passes between workers.
 */
export interface ModelConfig {
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
  /** The kind of every norm: those of the blocks, of heads, and the one behind the last block. */
  norm: Norm;
  /** The kinds of block, in turn: layer i is `blocks[i % blocks.length]`. */
  blocks: readonly [BlockSpec, ...BlockSpec[]];
  names: TensorNames;
  /** Where learned positions begin in their table: OPT's first is its third row. */
  positions_from?: number;
  /** True if the vocabulary's head has a bias. */
  head_bias?: boolean;
  /** Parts of the checkpoint's model that no text reaches, as transformers names these modules: `model.visual`. */
  towers?: readonly string[];
  /**
   * Factor of the embeddings; absent: 1. `in_dtype` where transformers rounds it to the dtype of the model, which is
   * the head's: Gemma's √3072 is 55.5 in bfloat16.
   */
  embedding_scale?: { value: number; in_dtype: boolean };
  /** Factor of what attention and MLP add to the residual stream; absent: 1. */
  residual_scale?: number;
  /** Factor of the vocabulary's logits; absent: 1. */
  logit_scale?: number;
  /** Bound of the vocabulary's logits behind that factor, softcap · tanh(logit / softcap); absent: none. */
  logit_softcap?: number;
  /** Bytes of what transformers registers as buffers; absent: those of its ropes and its embeddings' factor. */
  buffer_bytes?: number;
  /** True if older versions of transformers kept a causal mask in each layer, as a buffer that counts as memory. */
  mask_buffers: boolean;
}

/**
 * Zhang & Sennrich 2019, which has a weight; Ba et al. 2016, which has a weight and a bias unless `parameters` says that
 * it has less.
 */
export type Norm = {
  kind: 'rms' | 'layer';
  eps: number;
  /** True if a weight is stored less 1, as Gemma's. */
  plus_one?: boolean;
  parameters?: 'weight' | 'none';
};

/** A block: attention, then MLP, each with norms about it and added to the residual stream. */
export interface BlockSpec {
  /** The paths of its norms, below the layer's own; a place without one has none. */
  norms: Partial<Record<NormPlace, string>>;
  /** Norms of queries and keys before rope, or after it. */
  qk_norm: QkNorm | undefined;
  /** The Linear layers in the order they are used. */
  linears: readonly LinearSpec[];
  /** Rotation of queries and keys by their position; undefined where learned positions are added to the embedding. */
  rope: Rope | undefined;
  /** That of queries, where they turn otherwise than keys. */
  query_rope?: Rope;
  /** Tokens a position looks back on, itself included; undefined for all. */
  window: number | undefined;
  /** Of `gate`, which `up` is multiplied by; of `up` itself in a block without a gate. */
  activation: Activation;
  /** Factor of attention's scores; absent: 1 / √head_dim. */
  attention_scale?: number;
  /** Bound of attention's scores behind that factor, softcap · tanh(score / softcap); absent: none. */
  attention_softcap?: number;
  /** True if MLP and attention both read the block's input (Wang & Komatsuzaki 2021): by attention's norm unless it has its own. */
  parallel?: boolean;
  /** The largest size of a component of queries, keys and values, where larger ones are cut. */
  clip_qkv?: number;
}

/**
 * Norms of queries and keys: over all heads at once or each by itself, with one weight for all heads or, in one tensor
 * or a numbered one each, with each head's own.
 */
export interface QkNorm {
  q: string;
  k: string;
  over: 'head' | 'all';
  after_rope?: true;
  own_weights?: 'one-tensor' | 'numbered';
  /** The parameters of a LayerNorm, where they are others than the model's. */
  parameters?: 'weight';
}

/** In front of attention and MLP (pre-norm), or behind them before the residual stream (post-norm); a block may have both. */
export type NormPlace = 'attention_in' | 'attention_out' | 'mlp_in' | 'mlp_out';

/** A Linear layer of a block; its shape follows from its roles. */
export interface LinearSpec {
  /** Below the layer's own path: `self_attn.q_proj`. */
  path: string;
  /** The roles that its rows compute, one or several in the order of the rows: `['q', 'k', 'v']`. */
  roles: readonly Role[];
  bias: boolean;
  /** True if its rows are grouped by heads of keys, the rows of each role for the first, then for the next. */
  by_head?: boolean;
  /** Stored transposed, [columns, rows], as transformers' Conv1D is. */
  conv1d: boolean;
}

/** Queries, keys, values and output of attention; gate (where there is one), up and down of the MLP. */
export type Role = 'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down';

/** Names of a checkpoint's tensors outside the blocks, without `.weight`. */
export interface TensorNames {
  /** Prefixes of all names but the head's: first the one that transformers writes, then those of other checkpoints. */
  prefixes: readonly [string, ...string[]];
  embedding: string;
  /** Of learned positions; undefined where there are none. */
  positions: string | undefined;
  /** Before a layer's number. */
  layers: string;
  /** Of the norm behind the last block. */
  norm: string;
  /** Of the vocabulary's head: transformers' own, then others; absent: `lm_head` alone. */
  heads?: readonly [string, ...string[]];
}

/** Rotary positions (Su et al. 2021): which components of a head are turned, and by which frequencies. */
export type Rope = Turned & Frequencies;

/** The pairs of a head that are turned: all of it, or its first components, the rest staying as they are. */
export interface Turned {
  /** Components turned, an even number; 0 in a layer that does not turn, in a model whose other layers do. */
  rotary_dim: number;
  /** Whether pairs are (2i, 2i + 1), or one of each half, (i, i + rotary_dim / 2). */
  interleaved: boolean;
  /** Makes queries longer by their position: by 1 + beta · ln(1 + ⌊position / every⌋), as Llama 4 does. */
  growing?: { beta: number; every: number };
}

/** A rope's frequencies and how a model scales them (transformers modeling_rope_utils.py). */
export type Frequencies =
  | { rope_type: 'default'; rope_theta: number }
  | { rope_type: 'linear'; rope_theta: number; factor: number }
  /** Peng et al. 2023: fast turns are kept, slow ones slowed by `factor`; cosines and sines times `attention_factor`. */
  | {
      rope_type: 'yarn';
      rope_theta: number;
      factor: number;
      attention_factor: number;
      /** Turns over the original length from which on a pair is kept, and up to which it is slowed. */
      beta_fast: number;
      beta_slow: number;
      /** Whether the bounds between fast and slow are whole pairs. */
      truncate: boolean;
      original_max_position_embeddings: number;
    }
  /** Ding et al. 2024: each pair slowed by its own factor, another one in sequences beyond the original length. */
  | {
      rope_type: 'longrope';
      rope_theta: number;
      attention_factor: number;
      short_factor: readonly number[];
      long_factor: readonly number[];
      original_max_position_embeddings: number;
      /** Whether a generation that grows beyond the original length computes what it has cached anew. */
      recomputed: boolean;
    }
  | {
      rope_type: 'llama3';
      rope_theta: number;
      factor: number;
      low_freq_factor: number;
      high_freq_factor: number;
      original_max_position_embeddings: number;
    };

/** The block that a layer is. */
export const blockOf = ({ blocks }: ModelConfig, layer: number): BlockSpec => blocks[layer % blocks.length]!;

/** Whether a block's MLP has a gate. */
export const isGated = ({ linears }: BlockSpec): boolean =>
  linears.some(({ roles }) => roles.includes('gate'));
