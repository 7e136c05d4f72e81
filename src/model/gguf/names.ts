import type { Checkpoint } from '../../tensor/checkpoint.ts';
import type { ModelConfig, Role } from '../model_config.ts';
import type { LinearModule } from '../modules.ts';
import { modelTensors, type LayerNorm, type ModelTensor, type NormTensors } from '../tensors.ts';
import { EMBEDDING, HEAD } from './config.ts';

/** A tensor as the model has it, and where in a GGUF file it lies. */
export interface NamedTensor {
  /** In the file. */
  from: string;
  tensor: ModelTensor;
  /** What the file has added to each value: Gemma's norms are stored as they are multiplied by. */
  plus?: number;
  /** The file has its transpose. */
  transposed?: boolean;
  /** Its rows are those of this Linear layer. */
  module?: LinearModule;
}

/** llama.cpp's names of Linear layers by the roles that their rows compute. */
const LINEARS: Readonly<Record<string, string>> = {
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  'q k v': 'attn_qkv',
  o: 'attn_output',
  gate: 'ffn_gate',
  up: 'ffn_up',
  'gate up': 'ffn_up',
  down: 'ffn_down',
};

const NORMS: Readonly<Record<LayerNorm, string>> = {
  attention_in: 'attn_norm',
  mlp_in: 'ffn_norm',
  attention_out: 'post_attention_norm',
  mlp_out: 'post_ffw_norm',
  q: 'attn_q_norm',
  k: 'attn_k_norm',
};

/**
 * Every tensor of a model, by its name in a checkpoint or transformers' own, with its name in a GGUF file (gguf-py,
 * tensor_mapping.py): names follow from what they compute.
 */
export function ggufTensors(config: ModelConfig, checkpoint?: Checkpoint): NamedTensor[] {
  const { embedding, positions, layers, norm, head } = modelTensors(config, checkpoint);
  return [
    { from: EMBEDDING, tensor: embedding },
    ...(positions ? [{ from: 'position_embd.weight', tensor: positions }] : []),
    ...layers.flatMap(({ norms, linears }, layer) => [
      ...Object.entries(norms).flatMap(([place, tensors]) =>
        normTensors(`blk.${layer}.${NORMS[place as LayerNorm]}`, tensors),
      ),
      ...linears.flatMap((module) => linearTensors(`blk.${layer}.${LINEARS[rolesOf(module)]}`, module)),
    ]),
    ...normTensors('output_norm', norm),
    ...(head ? [{ from: HEAD, tensor: head }] : []),
  ];
}

/** The heads whose rows a tensor of queries or keys has; undefined of any other. */
export function headsOf({ module }: NamedTensor, config: ModelConfig): number | undefined {
  const roles = module && rolesOf(module);
  if (roles === 'q') return config.num_attention_heads;
  return roles === 'k' ? config.num_key_value_heads : undefined;
}

const rolesOf = ({ parts }: LinearModule): string => parts.map(({ role }): Role => role).join(' ');

function normTensors(from: string, { weights, bias, plus }: NormTensors): NamedTensor[] {
  return [
    ...weights.map((tensor) => ({ from: `${from}.weight`, tensor, plus })),
    ...(bias ? [{ from: `${from}.bias`, tensor: bias }] : []),
  ];
}

function linearTensors(from: string, module: LinearModule): NamedTensor[] {
  const { name, rows, columns, bias, conv1d } = module;
  const shape = conv1d ? [columns, rows] : [rows, columns];
  return [
    {
      from: `${from}.weight`,
      tensor: { name: `${name}.weight`, shape },
      module,
      ...(conv1d ? { transposed: true } : {}),
    },
    ...(bias ? [{ from: `${from}.bias`, tensor: { name: `${name}.bias`, shape: [rows] }, module }] : []),
  ];
}
