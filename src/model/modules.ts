import type { Checkpoint } from '../tensor/checkpoint.ts';
import type { Gpt2Config, LlamaConfig, ModelConfig } from './config.ts';

/** A Linear layer of the blocks: what quantization is about. Its weight is `name.weight`, [rows, columns]. */
export interface LinearModule {
  /** The full path, as the checkpoint names it. */
  name: string;
  rows: number;
  columns: number;
  bias: boolean;
  /** Stored transposed, [columns, rows]. */
  conv1d: boolean;
}

/** The Linear layers of all blocks, in the order they are used: those transformers hands to bitsandbytes. */
export function linearModules(config: ModelConfig, checkpoint: Checkpoint): LinearModule[] {
  const layers = Array.from({ length: config.num_hidden_layers }, (_, i) => i);
  return layers.flatMap((layer) =>
    config.family === 'llama'
      ? llamaModules(config, `model.layers.${layer}`)
      : gpt2Modules(config, `${gpt2Prefix(checkpoint)}h.${layer}`),
  );
}

/** `transformer.` stands before the names that transformers writes, not before OpenAI's own. */
export const gpt2Prefix = (checkpoint: Checkpoint): string =>
  checkpoint.tensors.has('transformer.wte.weight') ? 'transformer.' : '';

/** q, k, v, o, gate, up and down of the block at a path. */
export function llamaModules(config: LlamaConfig, at: string): LinearModule[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim, qkv_bias, o_bias, mlp_bias } = config;
  const queries = config.num_attention_heads * head_dim;
  const keys = config.num_key_value_heads * head_dim;
  const module = (path: string, rows: number, columns: number, bias: boolean): LinearModule => ({
    name: `${at}.${path}`,
    rows,
    columns,
    bias,
    conv1d: false,
  });
  return [
    module('self_attn.q_proj', queries, hidden, qkv_bias),
    module('self_attn.k_proj', keys, hidden, qkv_bias),
    module('self_attn.v_proj', keys, hidden, qkv_bias),
    module('self_attn.o_proj', hidden, queries, o_bias),
    module('mlp.gate_proj', inner, hidden, mlp_bias),
    module('mlp.up_proj', inner, hidden, mlp_bias),
    module('mlp.down_proj', hidden, inner, mlp_bias),
  ];
}

/** c_attn, attn.c_proj, c_fc and mlp.c_proj of the block at a path. */
export function gpt2Modules(
  { hidden_size: hidden, intermediate_size: inner }: Gpt2Config,
  at: string,
): LinearModule[] {
  const module = (path: string, rows: number, columns: number): LinearModule => ({
    name: `${at}.${path}`,
    rows,
    columns,
    bias: true,
    conv1d: true,
  });
  return [
    module('attn.c_attn', 3 * hidden, hidden),
    module('attn.c_proj', hidden, hidden),
    module('mlp.c_fc', inner, hidden),
    module('mlp.c_proj', hidden, inner),
  ];
}

/**
 * Whether a module is among those a spec keeps unquantized: by its own name (`down_proj`), its full path, or a path
 * it lies under (`model.layers.0`).
 */
export const isSkipped = (name: string, skip_modules: readonly string[]): boolean =>
  skip_modules.some((skip) => name === skip || name.endsWith(`.${skip}`) || name.startsWith(`${skip}.`));
