import { LabError } from '../../errors.ts';
import { MAX_HEAD_DIM } from '../../gpu/device/limits.ts';
import { boolean, eosIds, fieldsOf, integer, number, shown, type Fields } from '../config_fields.ts';
import type { BlockSpec } from '../model_config.ts';
import { linear, type Family } from './family.ts';
import { SECOND_HEAD } from './gpt_like.ts';
import { parseActivation } from './parse_activation.ts';

/** GPT-Neo (Black et al. 2021; transformers modeling_gpt_neo.py): windows in every other layer, and scores that are not scaled. */
export const gptNeo: Family = {
  architectures: ['GPTNeoForCausalLM'],
  classifiers: ['GPTNeoForSequenceClassification'],
  model_type: 'gpt_neo',
  attribute_map: { num_attention_heads: 'num_heads', num_hidden_layers: 'num_layers' },
  harmless: {
    attention_layers: 'attention_types, one a layer',
    resid_dropout: 'only training reads it',
    embed_dropout: 'only training reads it',
    ...SECOND_HEAD,
  },
  parse(fields) {
    const hidden_size = integer(fields, 'hidden_size', 4, 65536);
    const heads = integer(fields, 'num_heads', 1, 1024, 16);
    const num_hidden_layers = integer(fields, 'num_layers', 1, 512, 24);
    const max_position_embeddings = integer(fields, 'max_position_embeddings', 2, 2 ** 24, 2048);
    const window = integer(fields, 'window_size', 1, 2 ** 24, 256);
    const block: BlockSpec = {
      norms: { attention_in: 'ln_1', mlp_in: 'ln_2' },
      qk_norm: undefined,
      linears: [
        linear('attn.attention.q_proj', ['q'], false),
        linear('attn.attention.k_proj', ['k'], false),
        linear('attn.attention.v_proj', ['v'], false),
        linear('attn.attention.out_proj', ['o'], true),
        linear('mlp.c_fc', ['up'], true),
        linear('mlp.c_proj', ['down'], true),
      ],
      rope: undefined,
      window: undefined,
      activation: parseActivation(fields, 'activation_function', 'gelu_new'),
      attention_scale: 1,
    };
    const [first, ...rest] = layerKinds(fields, num_hidden_layers).map((kind) =>
      kind === 'local' ? { ...block, window } : block,
    );
    return {
      hidden_size,
      intermediate_size: integer(fields, 'intermediate_size', 4, 262144, 4 * hidden_size),
      num_hidden_layers,
      num_attention_heads: heads,
      num_key_value_heads: heads,
      head_dim: integer(fieldsOf({}), 'head_dim', 4, MAX_HEAD_DIM, hidden_size / heads),
      vocab_size: integer(fields, 'vocab_size', 2, 2 ** 21, 50257),
      max_position_embeddings,
      tie_word_embeddings: boolean(fields, 'tie_word_embeddings', true),
      eos_token_ids: eosIds(fields, 50256),
      norm: { kind: 'layer', eps: number(fields, 'layer_norm_epsilon', 0, 1, 1e-5) },
      blocks: [first!, ...rest],
      names: {
        prefixes: ['transformer.', ''],
        embedding: 'wte',
        positions: 'wpe',
        layers: 'h',
        norm: 'ln_f',
      },
      mask_buffers: false,
      // A causal mask in each layer.
      buffer_bytes: num_hidden_layers * max_position_embeddings ** 2,
    };
  },
};

/** Reads attention_types, kinds in turn and how often: `[[["global", "local"], 12]]`. */
function layerKinds(fields: Fields, layers: number): string[] {
  const types = fields.get('attention_types') ?? [[['global', 'local'], 12]];
  const kinds = Array.isArray(types)
    ? types.flatMap((item: unknown) => {
        const [turn, times] = Array.isArray(item) ? (item as unknown[]) : [];
        return Array.isArray(turn) && Number.isInteger(times) && (times as number) <= 512
          ? Array.from({ length: times as number }, () => turn as unknown[]).flat()
          : [undefined];
      })
    : [];
  const known = kinds.filter((kind) => kind === 'global' || kind === 'local');
  if (known.length === kinds.length && kinds.length === layers) return known;
  throw new LabError(
    'bad-config',
    `config.json: attention_types is ${shown(types)}; allowed: lists of global and local with how often they come, ${layers} in all.`,
  );
}
