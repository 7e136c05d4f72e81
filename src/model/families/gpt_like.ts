import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, fieldsOf, integer, number, type Fields } from '../config_fields.ts';
import type { ParsedModel } from './family.ts';

/** The names that GPT-2's config and its descendants' have for what others call by the common ones. */
export const GPT_NAMES = {
  hidden_size: 'n_embd',
  max_position_embeddings: 'n_positions',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
};

/** Fields of the head that picks among summaries, which no model here has. */
export const SECOND_HEAD = {
  summary_type: 'of a second head, as the other summary fields',
  summary_use_proj: 'of that head',
  summary_activation: 'of that head',
  summary_proj_to_labels: 'of that head',
  summary_first_dropout: 'of that head',
};

/** The values that transformers' config class of a family gives to absent fields. */
interface GptDefaults {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  tie_word_embeddings: boolean;
}

/** Reads all of a model by GPT-2's names of fields and tensors, but its blocks. */
export function gptLike(fields: Fields, defaults: GptDefaults): Omit<ParsedModel, 'blocks'> {
  const hidden_size = integer(fields, 'n_embd', 4, 65536, defaults.n_embd);
  const num_attention_heads = integer(fields, 'n_head', 1, 1024, defaults.n_head);
  return {
    hidden_size,
    intermediate_size: integer(fields, 'n_inner', 4, 262144, 4 * hidden_size),
    num_hidden_layers: integer(fields, 'n_layer', 1, 512, defaults.n_layer),
    num_attention_heads,
    num_key_value_heads: num_attention_heads,
    head_dim: integer(fieldsOf({}), 'head_dim', 4, MAX_HEAD_DIM, hidden_size / num_attention_heads),
    vocab_size: integer(fields, 'vocab_size', 2, 2 ** 21, defaults.vocab_size),
    max_position_embeddings: integer(fields, 'n_positions', 2, 2 ** 24, defaults.n_positions),
    tie_word_embeddings: boolean(fields, 'tie_word_embeddings', defaults.tie_word_embeddings),
    eos_token_ids: eosIds(fields, 50256),
    norm: { kind: 'layer', eps: number(fields, 'layer_norm_epsilon', 0, 1, 1e-5) },
    names: {
      // OpenAI's own checkpoints leave `transformer.` out.
      prefixes: ['transformer.', ''],
      embedding: 'wte',
      positions: 'wpe',
      layers: 'h',
      norm: 'ln_f',
    },
    mask_buffers: false,
  };
}
