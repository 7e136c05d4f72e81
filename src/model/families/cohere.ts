import { boolean, integer, number, optionalInteger, type Fields } from '../config_fields.ts';
import type { QkNorm } from '../model_config.ts';
import type { Family, ParsedModel } from './family.ts';
import { layerWindows } from './layer_windows.ts';
import { changeBlocks, llamaLike, type Defaults, type Traits } from './llama_like.ts';

/** Defaults of CohereConfig; Cohere2Config has another rope_theta. */
const COHERE: Defaults = {
  vocab_size: 256000,
  intermediate_size: 22528,
  num_hidden_layers: 40,
  num_attention_heads: 64,
  max_position_embeddings: 8192,
  rope_theta: 500000,
  tie_word_embeddings: true,
  eos_token_id: 255001,
};

/** Command R and Aya, whose attention and MLP read the block's input by one norm (Cohere; transformers modeling_cohere.py). */
export const cohere: Family = {
  architectures: ['CohereForCausalLM'],
  model_type: 'cohere',
  harmless: { model_max_length: 'of the first export; the class does not read it' },
  parse(fields) {
    const qk_norm: QkNorm | undefined = boolean(fields, 'use_qk_norm')
      ? { q: 'self_attn.q_norm', k: 'self_attn.k_norm', over: 'head', own_weights: 'one-tensor' }
      : undefined;
    return changeBlocks(cohereLike(fields, COHERE), () => ({ qk_norm }));
  },
};

/** What Cohere's export writes of a block that the class computes in one way only. */
const FIXED = 'of the export; the class computes one kind of block';

/** Command R7B, some of whose layers have windows, and those without know no positions. */
export const cohere2: Family = {
  architectures: ['Cohere2ForCausalLM'],
  model_type: 'cohere2',
  harmless: {
    layer_switch: 'an older name of sliding_window_pattern, beside it',
    order_of_interleaved_layers: FIXED,
    position_embedding_type: FIXED,
    rotary_pct: FIXED,
    use_embedding_sharing: FIXED,
    use_gated_activation: FIXED,
    use_parallel_block: FIXED,
    use_parallel_embedding: FIXED,
  },
  parse(fields) {
    const pattern = integer(fields, 'sliding_window_pattern', 1, 1024, 4);
    const window = optionalInteger(fields, 'sliding_window', 4096);
    const windows = layerWindows(
      fields,
      window,
      COHERE.num_hidden_layers,
      (layer) => (layer + 1) % pattern !== 0,
    );
    const turned = windows.map((own) => own !== undefined);
    return cohereLike(fields, { ...COHERE, rope_theta: 10000 }, { windows, turned });
  },
};

function cohereLike(fields: Fields, defaults: Defaults, traits: Traits = {}): ParsedModel {
  const bias = boolean(fields, 'attention_bias');
  const plain = llamaLike(fields, defaults, {
    ...traits,
    norm: { kind: 'layer', eps: number(fields, 'layer_norm_eps', 0, 1, 1e-5), parameters: 'weight' },
    qkv_bias: bias,
    o_bias: bias,
    rope: { interleaved: true },
  });
  const model = changeBlocks(plain, () => ({ parallel: true, norms: { attention_in: 'input_layernorm' } }));
  return { ...model, logit_scale: number(fields, 'logit_scale', 1e-6, 1e6, 0.0625) };
}
