import { boolean } from '../config_fields.ts';
import type { Family } from './family.ts';
import { changeBlocks, llamaLike } from './llama_like.ts';
import { parseActivation } from './parse_activation.ts';

/** Arcee's AFM: Llama with relu² and no gate (transformers modeling_arcee.py). */
export const arcee: Family = {
  architectures: ['ArceeForCausalLM'],
  classifiers: ['ArceeForSequenceClassification'],
  model_type: 'arcee',
  parse(fields) {
    const activation = parseActivation(fields, 'hidden_act', 'relu2');
    const bias = boolean(fields, 'attention_bias');
    const gated = llamaLike(
      fields,
      {
        vocab_size: 32000,
        intermediate_size: 18432,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        max_position_embeddings: 4096,
        rms_norm_eps: 1e-5,
        eos_token_id: 128001,
      },
      { qkv_bias: bias, o_bias: bias, mlp_bias: boolean(fields, 'mlp_bias'), activation },
    );
    return changeBlocks(gated, ({ linears }) => ({
      linears: linears.filter(({ roles }) => !roles.includes('gate')),
    }));
  },
};
