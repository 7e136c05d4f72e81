import type { Metadata } from './metadata.ts';

type Json = Record<string, unknown>;

/** An architecture of llama.cpp: the class of transformers that computes the same, and how its config.json follows. */
export interface Architecture {
  model_type: string;
  class: string;
  /** Further classes that compute the same up to settings, and are written as this architecture. */
  classes?: readonly string[];
  /** True if the rows of queries and keys stand pairwise, as llama.cpp turns them, and not in halves. */
  pairwise?: true;
  /** Fields of config.json beside the sizes that all have; the factors of rope's pairs are read from tensors. */
  fields(metadata: Metadata, rope: RopeFactors): Json;
}

/** What each pair's frequency is divided by, where the file says so: one list, or two for short and long sequences. */
export interface RopeFactors {
  all?: readonly number[];
  short?: readonly number[];
  long?: readonly number[];
}

/** The fields but for those that a class has no name for. */
const without = (fields: Json, ...names: string[]): Json =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** Sizes under transformers' common names. */
function sizes(m: Metadata): Json {
  const hidden_size = m.count('embedding_length');
  const num_attention_heads = m.count('attention.head_count');
  return {
    hidden_size,
    num_hidden_layers: m.count('block_count'),
    intermediate_size: m.count('feed_forward_length'),
    num_attention_heads,
    num_key_value_heads: m.count('attention.head_count_kv', num_attention_heads),
    head_dim: m.count('attention.key_length', Math.floor(hidden_size / num_attention_heads)),
    max_position_embeddings: m.count('context_length'),
  };
}

/** Sizes, the norm's epsilon and rope of a model like Llama. */
function llamaLike(m: Metadata, rope: RopeFactors = {}): Json {
  return {
    ...sizes(m),
    rms_norm_eps: m.number('attention.layer_norm_rms_epsilon'),
    ...ropeOf(m, rope),
    ...biases(m),
  };
}

const biases = (m: Metadata): Json => ({
  attention_bias: m.shapeOf('blk.0.attn_q.bias') !== undefined,
  mlp_bias: m.shapeOf('blk.0.ffn_up.bias') !== undefined,
});

/** rope_theta, and how it is scaled. */
function ropeOf(m: Metadata, { all }: RopeFactors): Json {
  const rope_theta = m.number('rope.freq_base', 10000);
  const type = m.text('rope.scaling.type', 'none');
  const original = m.count('rope.scaling.original_context_length', m.count('context_length'));
  if (all) {
    // llama.cpp has Llama 3's rule worked out: longrope is what divides each frequency by its own number.
    const rule = { rope_type: 'longrope', short_factor: all, long_factor: all, attention_factor: 1 };
    return { rope_theta, rope_scaling: { ...rule, original_max_position_embeddings: original } };
  }
  if (type === 'none' || type === 'longrope') return { rope_theta };
  const factor = m.number('rope.scaling.factor');
  if (type === 'linear') return { rope_theta, rope_scaling: { rope_type: type, factor } };
  const yarn: Json = { rope_type: type, factor, original_max_position_embeddings: original };
  if (m.has('rope.scaling.yarn_beta_fast')) yarn.beta_fast = m.number('rope.scaling.yarn_beta_fast');
  if (m.has('rope.scaling.yarn_beta_slow')) yarn.beta_slow = m.number('rope.scaling.yarn_beta_slow');
  return { rope_theta, rope_scaling: yarn };
}

/** The share of each head that is turned. */
function partialRotary(m: Metadata): number {
  const { head_dim } = sizes(m) as { head_dim: number };
  return m.count('rope.dimension_count', head_dim) / head_dim;
}

/** Gemma's largest models divide attention's scores by the root of what a head would have of hidden_size. */
function scoreScalar(m: Metadata, largest: number): number {
  const { hidden_size, num_attention_heads, head_dim } = sizes(m) as Record<string, number>;
  return m.count('block_count') === largest ? hidden_size! / num_attention_heads! : head_dim!;
}

/** Every architecture that is read, by general.architecture (llama.cpp's conversion folder is the source). */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: {
    model_type: 'llama',
    class: 'LlamaForCausalLM',
    classes: ['MistralForCausalLM'],
    pairwise: true,
    fields: llamaLike,
  },
  qwen2: {
    model_type: 'qwen2',
    class: 'Qwen2ForCausalLM',
    fields(m, rope) {
      const fields = without(llamaLike(m, rope), 'attention_bias', 'mlp_bias');
      return fields;
    },
  },
  qwen3: {
    model_type: 'qwen3',
    class: 'Qwen3ForCausalLM',
    fields(m, rope) {
      const fields = without(llamaLike(m, rope), 'mlp_bias');
      return fields;
    },
  },
  gemma: {
    model_type: 'gemma',
    class: 'GemmaForCausalLM',
    fields(m) {
      const fields = without(llamaLike(m), 'mlp_bias');
      return { ...fields, hidden_act: 'gelu_pytorch_tanh' };
    },
  },
  gemma2: {
    model_type: 'gemma2',
    class: 'Gemma2ForCausalLM',
    fields(m) {
      const fields = without(llamaLike(m), 'mlp_bias');
      return {
        ...fields,
        hidden_activation: 'gelu_pytorch_tanh',
        sliding_window: m.count('attention.sliding_window', 4096),
        attn_logit_softcapping: m.number('attn_logit_softcapping', 50),
        final_logit_softcapping: m.number('final_logit_softcapping', 30),
        query_pre_attn_scalar: scoreScalar(m, 46),
      };
    },
  },
  gemma3: {
    model_type: 'gemma3_text',
    class: 'Gemma3ForCausalLM',
    fields(m) {
      const fields = without(llamaLike(m), 'mlp_bias');
      return {
        ...fields,
        hidden_activation: 'gelu_pytorch_tanh',
        sliding_window: m.count('attention.sliding_window'),
        rope_local_base_freq: m.number('rope.freq_base_swa', 10000),
        final_logit_softcapping: m.has('final_logit_softcapping')
          ? m.number('final_logit_softcapping')
          : null,
        query_pre_attn_scalar: scoreScalar(m, 62),
      };
    },
  },
  phi3: {
    model_type: 'phi3',
    class: 'Phi3ForCausalLM',
    fields(m, { short, long }) {
      const fields = without(llamaLike(m), 'attention_bias', 'mlp_bias', 'head_dim');
      const original = m.count('rope.scaling.original_context_length', m.count('context_length'));
      const window = m.count('attention.sliding_window', 0);
      const longrope = { rope_type: 'longrope', short_factor: short, long_factor: long };
      return {
        ...fields,
        original_max_position_embeddings: original,
        partial_rotary_factor: partialRotary(m),
        sliding_window: window === 0 ? null : window,
        ...(short && long
          ? { rope_scaling: { ...longrope, attention_factor: m.number('rope.scaling.attn_factor', 1) } }
          : {}),
      };
    },
  },
  gpt2: {
    model_type: 'gpt2',
    class: 'GPT2LMHeadModel',
    fields: (m) => ({
      n_embd: m.count('embedding_length'),
      n_layer: m.count('block_count'),
      n_inner: m.count('feed_forward_length'),
      n_head: m.count('attention.head_count'),
      n_positions: m.count('context_length'),
      layer_norm_epsilon: m.number('attention.layer_norm_epsilon'),
      activation_function: 'gelu_new',
    }),
  },
  starcoder2: {
    model_type: 'starcoder2',
    class: 'Starcoder2ForCausalLM',
    fields(m, rope) {
      const fields = without({ ...sizes(m), ...ropeOf(m, rope) }, 'head_dim');
      return {
        ...fields,
        norm_epsilon: m.number('attention.layer_norm_epsilon'),
        use_bias: biases(m).attention_bias,
        hidden_act: 'gelu_pytorch_tanh',
        sliding_window: m.has('attention.sliding_window') ? m.count('attention.sliding_window') : null,
      };
    },
  },
  stablelm: {
    model_type: 'stablelm',
    class: 'StableLmForCausalLM',
    fields(m, rope) {
      const fields = without({ ...sizes(m), ...ropeOf(m, rope) }, 'head_dim');
      return {
        ...fields,
        layer_norm_eps: m.number('attention.layer_norm_epsilon'),
        use_qkv_bias: biases(m).attention_bias,
        // What llama.cpp computes is a matter of the second norm's being there.
        use_parallel_residual: m.shapeOf('blk.0.ffn_norm.weight') === undefined,
        qk_layernorm: m.shapeOf('blk.0.attn_q_norm.weight') !== undefined,
        partial_rotary_factor: partialRotary(m),
      };
    },
  },
  olmo2: {
    model_type: 'olmo2',
    class: 'Olmo2ForCausalLM',
    fields(m, rope) {
      const fields = without(llamaLike(m, rope), 'mlp_bias', 'head_dim');
      return fields;
    },
  },
};

/** Keys of an architecture that change no number computed here, or repeat what tensors say. */
export const HARMLESS_KEYS: readonly string[] = [
  'vocab_size',
  'attention.value_length',
  'rope.dimension_count',
  'use_parallel_residual',
  'rope.scaling.finetuned',
  'attention.causal',
];
