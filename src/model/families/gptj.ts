import { LabError } from '../../errors.ts';
import { integer } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { GPT_NAMES, gptLike, SECOND_HEAD } from './gpt_like.ts';
import { parseActivation } from './parse_activation.ts';

/** GPT-J (Wang & Komatsuzaki 2021; transformers modeling_gptj.py): the parallel block, and neighbours turned in pairs. */
export const gptj: Family = {
  architectures: ['GPTJForCausalLM'],
  classifiers: ['GPTJForSequenceClassification'],
  model_type: 'gptj',
  attribute_map: GPT_NAMES,
  harmless: {
    rotary: 'of the first export; the class turns always',
    scale_attn_weights: 'of the first export; the class scales always',
    ...SECOND_HEAD,
  },
  parse(fields) {
    const model = gptLike(fields, {
      vocab_size: 50400,
      n_positions: 2048,
      n_embd: 4096,
      n_layer: 28,
      n_head: 16,
      tie_word_embeddings: false,
    });
    const { head_dim, max_position_embeddings } = model;
    const rotary_dim = integer(fields, 'rotary_dim', 2, head_dim, 64);
    if (rotary_dim % 2 === 1) {
      throw new LabError('bad-config', `config.json: rotary_dim is ${rotary_dim}; allowed: an even number.`);
    }
    return {
      ...model,
      blocks: [
        {
          parallel: true,
          norms: { attention_in: 'ln_1' },
          qk_norm: undefined,
          linears: [
            linear('attn.q_proj', ['q'], false),
            linear('attn.k_proj', ['k'], false),
            linear('attn.v_proj', ['v'], false),
            linear('attn.out_proj', ['o'], false),
            linear('mlp.fc_in', ['up'], true),
            linear('mlp.fc_out', ['down'], true),
          ],
          rope: { rope_type: 'default', rope_theta: 10000, rotary_dim, interleaved: true },
          window: undefined,
          activation: parseActivation(fields, 'activation_function', 'gelu_new'),
        },
      ],
      names: { ...model.names, positions: undefined },
      head_bias: true,
      // Sines and cosines of all positions.
      buffer_bytes: 4 * max_position_embeddings * rotary_dim,
    };
  },
};
