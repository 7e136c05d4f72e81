import { LabError } from '../../errors.ts';
import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, fieldsOf, integer, requireOnly, shown, type Fields } from '../config_fields.ts';
import { linear, type Family } from './family.ts';
import { parseActivation } from './parse_activation.ts';

/** OPT (Zhang et al. 2022; transformers modeling_opt.py): learned positions from the third row on, and no gate. */
export const opt: Family = {
  architectures: ['OPTForCausalLM'],
  classifiers: ['OPTForSequenceClassification'],
  model_type: 'opt',
  harmless: {
    activation_dropout: 'only training reads it',
    dropout: 'only training reads it',
    init_std: 'only training reads it',
    layerdrop: 'only training reads it',
    prefix: 'a text that pipelines put before a prompt; the tokenizer puts its own',
  },
  parse(fields) {
    requireNormBefore(fields);
    const bias = boolean(fields, 'enable_bias', true);
    const hidden_size = integer(fields, 'hidden_size', 4, 65536);
    requireOnly(fields, 'word_embed_proj_dim', hidden_size);
    const heads = integer(fields, 'num_attention_heads', 1, 1024, 12);
    const affine = boolean(fields, 'layer_norm_elementwise_affine', true);
    return {
      hidden_size,
      intermediate_size: integer(fields, 'ffn_dim', 4, 262144, 3072),
      num_hidden_layers: integer(fields, 'num_hidden_layers', 1, 512, 12),
      num_attention_heads: heads,
      num_key_value_heads: heads,
      head_dim: integer(fieldsOf({}), 'head_dim', 4, MAX_HEAD_DIM, hidden_size / heads),
      vocab_size: integer(fields, 'vocab_size', 2, 2 ** 21, 50272),
      max_position_embeddings: integer(fields, 'max_position_embeddings', 2, 2 ** 24, 2048),
      tie_word_embeddings: boolean(fields, 'tie_word_embeddings', true),
      eos_token_ids: eosIds(fields, 2),
      norm: affine ? { kind: 'layer', eps: 1e-5 } : { kind: 'layer', eps: 1e-5, parameters: 'none' },
      blocks: [
        {
          norms: { attention_in: 'self_attn_layer_norm', mlp_in: 'final_layer_norm' },
          qk_norm: undefined,
          linears: [
            linear('self_attn.q_proj', ['q'], bias),
            linear('self_attn.k_proj', ['k'], bias),
            linear('self_attn.v_proj', ['v'], bias),
            linear('self_attn.out_proj', ['o'], bias),
            linear('fc1', ['up'], bias),
            linear('fc2', ['down'], bias),
          ],
          rope: undefined,
          window: undefined,
          activation: parseActivation(fields, 'activation_function', 'relu'),
        },
      ],
      names: {
        // OPT's own checkpoints leave `model.` out.
        prefixes: ['model.decoder.', 'decoder.'],
        embedding: 'embed_tokens',
        positions: 'embed_positions',
        layers: 'layers',
        norm: 'final_layer_norm',
      },
      // Two rows for paddings stand before the first.
      positions_from: 2,
      mask_buffers: false,
    };
  },
};

/** OPT-350m alone has its norms behind, and embeddings of another width than its blocks. */
function requireNormBefore(fields: Fields): void {
  for (const [field, supported] of [
    ['do_layer_norm_before', true],
    ['_remove_final_layer_norm', false],
  ] as const) {
    const value = fields.get(field) ?? supported;
    if (value === supported) continue;
    throw new LabError(
      'unsupported-architecture',
      `config.json: ${field} is ${shown(value)}, as in OPT-350m; supported: ${String(supported)}, as in the other sizes of OPT.`,
    );
  }
}
