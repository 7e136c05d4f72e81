import { boolean, number } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';

/** GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023), whose projections are grouped by heads (transformers modeling_gpt_neox.py). */
export const gptNeox: Family = {
  architectures: ['GPTNeoXForCausalLM'],
  classifiers: ['GPTNeoXForSequenceClassification'],
  model_type: 'gpt_neox',
  harmless: {
    is_decoder: 'the class is nothing else',
    rope_theta: 'version 4 wrote it beside rotary_emb_base, by which the class goes',
    partial_rotary_factor: 'version 4 wrote it beside rotary_pct, by which the class goes',
  },
  parse(fields) {
    const bias = boolean(fields, 'attention_bias', true);
    const parallel = boolean(fields, 'use_parallel_residual', true);
    const plain = llamaLike(
      fields,
      {
        vocab_size: 50432,
        intermediate_size: 24576,
        num_hidden_layers: 44,
        num_attention_heads: 64,
        max_position_embeddings: 2048,
        hidden_act: 'gelu',
        eos_token_id: 2,
      },
      {
        norm: { kind: 'layer', eps: number(fields, 'layer_norm_eps', 0, 1, 1e-5) },
        rope: {
          partial_rotary_factor: 0.25,
          theta_field: 'rotary_emb_base',
          partial_field: 'rotary_pct',
        },
      },
    );
    const model = changeBlocks(plain, () => ({
      parallel,
      linears: [
        { ...linear('attention.query_key_value', ['q', 'k', 'v'], bias), by_head: true },
        linear('attention.dense', ['o'], bias),
        linear('mlp.dense_h_to_4h', ['up'], true),
        linear('mlp.dense_4h_to_h', ['down'], true),
      ],
    }));
    return {
      ...model,
      names: {
        ...model.names,
        prefixes: ['gpt_neox.', ''],
        embedding: 'embed_in',
        norm: 'final_layer_norm',
        heads: ['lm_head', 'embed_out'],
      },
    };
  },
};
