import { boolean, requireOnly } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { GPT_NAMES, gptLike, SECOND_HEAD } from './gpt_like.ts';
import { parseActivation } from './parse_activation.ts';

const PRECISION = 'in which precision a softmax is computed';

/** SantaCoder and StarCoder (Li et al. 2023; transformers modeling_gpt_bigcode.py): GPT-2 with one head of keys and values. */
export const gptBigCode: Family = {
  architectures: ['GPTBigCodeForCausalLM'],
  classifiers: ['GPTBigCodeForSequenceClassification'],
  model_type: 'gpt_bigcode',
  attribute_map: GPT_NAMES,
  harmless: {
    attention_softmax_in_fp32: PRECISION,
    scale_attention_softmax_in_fp32: PRECISION,
    inference_runner: 'how the first export was run',
    validate_runner_input: 'how the first export was run',
    pre_allocate_kv_cache: 'how the first export was run',
    max_batch_size: 'how the first export was run',
    max_sequence_length: 'how the first export was run',
    num_key_value_heads: 'of version 5, which goes by multi_query',
    ...SECOND_HEAD,
  },
  parse(fields) {
    requireOnly(fields, 'add_cross_attention', false);
    const model = gptLike(fields, {
      vocab_size: 50257,
      n_positions: 1024,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
      tie_word_embeddings: true,
    });
    const multi_query = boolean(fields, 'multi_query', true);
    const scaled = boolean(fields, 'scale_attn_weights', true);
    const qkv = linear('attn.c_attn', ['q', 'k', 'v'], true);
    return {
      ...model,
      num_key_value_heads: multi_query ? 1 : model.num_attention_heads,
      blocks: [
        {
          norms: { attention_in: 'ln_1', mlp_in: 'ln_2' },
          qk_norm: undefined,
          linears: [
            multi_query ? qkv : { ...qkv, by_head: true },
            linear('attn.c_proj', ['o'], true),
            linear('mlp.c_fc', ['up'], true),
            linear('mlp.c_proj', ['down'], true),
          ],
          rope: undefined,
          window: undefined,
          activation: parseActivation(fields, 'activation_function', 'gelu_pytorch_tanh'),
          ...(scaled ? {} : { attention_scale: 1 }),
        },
      ],
      // The causal mask.
      buffer_bytes: model.max_position_embeddings ** 2,
    };
  },
};
