import { LabError } from '../../errors.ts';
import { boolean, integer, number, requireOnly, shown, type Fields } from '../config_fields.ts';
import { linear, type Family, type ParsedModel } from './family.ts';
import { changeBlocks, llamaLike, type Defaults } from './llama_like.ts';

/** Defaults of GraniteConfig and GraniteMoeHybridConfig. */
const GRANITE: Defaults = {
  vocab_size: 32000,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  max_position_embeddings: 2048,
  eos_token_id: 2,
};

/** Granite 3: Llama with four multipliers (IBM 2024; transformers modeling_granite.py). */
export const granite: Family = {
  architectures: ['GraniteForCausalLM'],
  model_type: 'granite',
  parse(fields) {
    const bias = boolean(fields, 'attention_bias');
    const traits = { qkv_bias: bias, o_bias: bias, mlp_bias: boolean(fields, 'mlp_bias') };
    return multiplied(fields, llamaLike(fields, GRANITE, traits));
  },
};

/** Granite 4 without experts and state-space layers: gate and up lie in one matrix (IBM 2025; modeling_granitemoehybrid.py). */
export const granite4: Family = {
  architectures: ['GraniteMoeHybridForCausalLM'],
  model_type: 'granitemoehybrid',
  harmless: {
    intermediate_size: 'of experts, which are not there',
    num_experts_per_tok: 'of experts',
    output_router_logits: 'of experts',
    router_aux_loss_coef: 'of experts',
    mamba_n_heads: 'of state-space layers, which are not there',
    mamba_n_groups: 'of state-space layers',
    mamba_d_state: 'of state-space layers',
    mamba_d_head: 'of state-space layers',
    mamba_d_conv: 'of state-space layers',
    mamba_expand: 'of state-space layers',
    mamba_chunk_size: 'of state-space layers',
    mamba_conv_bias: 'of state-space layers',
    mamba_proj_bias: 'of state-space layers',
    time_step_limit: 'of state-space layers',
    time_step_min: 'of state-space layers',
    time_step_max: 'of state-space layers',
    init_method: 'only training reads it',
  },
  parse(fields) {
    requireDense(fields);
    requireOnly(fields, 'normalization_function', 'rmsnorm');
    const bias = boolean(fields, 'attention_bias');
    const turned = [turnsPositions(fields)];
    const plain = llamaLike(fields, GRANITE, { qkv_bias: bias, o_bias: bias, turned });
    const intermediate_size = integer(fields, 'shared_intermediate_size', 4, 262144, 1024);
    const dense = changeBlocks({ ...plain, intermediate_size }, ({ linears }) => ({
      linears: [
        ...linears.filter(({ path }) => path.startsWith('self_attn.')),
        linear('shared_mlp.input_linear', ['gate', 'up'], false),
        linear('shared_mlp.output_linear', ['down'], false),
      ],
    }));
    return multiplied(fields, dense);
  },
};

function multiplied(fields: Fields, model: ParsedModel): ParsedModel {
  const factor = (field: string) => number(fields, field, 1e-6, 1e6, 1);
  const attention_scale = factor('attention_multiplier');
  return {
    ...changeBlocks(model, () => ({ attention_scale })),
    embedding_scale: { value: factor('embedding_multiplier'), in_dtype: false },
    residual_scale: factor('residual_multiplier'),
    logit_scale: 1 / factor('logits_scaling'),
  };
}

/** Refuses layers of experts or of other mixers than attention; those are the defaults of transformers' class. */
function requireDense(fields: Fields): void {
  const experts = fields.get('num_local_experts') ?? 8;
  const layers = fields.get('layer_types') ?? fields.get('layers_block_type') ?? 'mamba';
  const other = [layers].flat().find((type) => type !== 'attention' && type !== 'full_attention');
  if (experts === 0 && other === undefined) return;
  const found =
    experts !== 0 ? `num_local_experts is ${shown(experts)}` : `layers are of type ${shown(other)}`;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${found}; of Granite 4, models of attention layers without experts are supported, as granite-4.0-micro.`,
  );
}

/** Whether queries and keys are turned: by default none are. */
const turnsPositions = (fields: Fields): boolean => fields.get('position_embedding_type') === 'rope';
