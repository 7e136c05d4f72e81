import { boolean, number, optionalInteger } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { requireLayerTypes } from './layer_windows.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** What the first export writes and transformers' class does not read. */
const EXPORT = 'of the first export; the class does not read it';

/** StarCoder2 (Lozhkov et al. 2024; transformers modeling_starcoder2.py): LayerNorm, biases, and an MLP without a gate. */
export const starcoder2: Family = {
  architectures: ['Starcoder2ForCausalLM'],
  classifiers: ['Starcoder2ForSequenceClassification'],
  model_type: 'starcoder2',
  harmless: {
    activation_function: EXPORT,
    attention_softmax_in_fp32: EXPORT,
    embedding_dropout: 'only training reads it',
    layer_norm_epsilon: EXPORT,
    mlp_type: EXPORT,
    norm_type: EXPORT,
    scale_attention_softmax_in_fp32: EXPORT,
    scale_attn_weights: EXPORT,
  },
  parse(fields) {
    const bias = boolean(fields, 'use_bias', true);
    const window = optionalInteger(fields, 'sliding_window');
    requireLayerTypes(fields, window === undefined ? 'full_attention' : 'sliding_attention');
    const plain = llamaLike(
      fields,
      {
        vocab_size: 49152,
        intermediate_size: 12288,
        num_hidden_layers: 30,
        num_attention_heads: 24,
        num_key_value_heads: 2,
        max_position_embeddings: 4096,
        hidden_act: 'gelu_pytorch_tanh',
        tie_word_embeddings: true,
        eos_token_id: 50256,
      },
      {
        norm: { kind: 'layer', eps: number(fields, 'norm_epsilon', 0, 1, 1e-5) },
        qkv_bias: bias,
        o_bias: bias,
        windows: [window],
      },
    );
    return changeBlocks(plain, ({ linears }) => ({
      linears: [
        ...linears.filter(({ path }) => path.startsWith('self_attn.')),
        linear('mlp.c_fc', ['up'], bias),
        linear('mlp.c_proj', ['down'], bias),
      ],
    }));
  },
};
