import { add } from '../gpu/kernels/add.ts';
import { attend as attendTo } from '../gpu/attend.ts';
import { cast } from '../gpu/kernels/cast.ts';
import type { Commands } from '../gpu/device/commands.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { quantizeInput, type Int8Input } from '../gpu/matrix/int8_input.ts';
import { linear, type LinearCall } from '../gpu/matrix/linear.ts';
import { COMPUTE_DTYPE } from '../gpu/kernels/rounding.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { BlockSpec, ModelConfig } from './model_config.ts';
import type { Linear } from './loader.ts';
import type { Workspace } from './workspace.ts';

/** One walk of a batch through the blocks. */
export interface Pass {
  config: ModelConfig;
  commands: Commands;
  workspace: Workspace;
  compute_dtype: ComputeDtype;
  phase: Phase;
  /** Tokens of the batch. */
  T: number;
  /** The slot of its first token's keys and values. */
  first_slot: number;
  /** LLM.int8(): per layer and input, the columns that were outliers in any pass so far. */
  seen: readonly Record<InputSite, GPUBuffer>[];
}

/** The inputs of a block's Linear layers. */
export const INPUT_SITES = ['attention', 'output', 'mlp', 'down'] as const;
export type InputSite = (typeof INPUT_SITES)[number];

/** A Linear's input in the forms its kernels and adapters take. */
export interface LinearInput {
  /** As computed, float32. */
  raw: GPUBuffer;
  /** Rounded to the compute dtype; the same buffer for float32. */
  x: GPUBuffer;
  int8: Int8Input | undefined;
}

/** Readies x [T, width] for the Linear layers that share it: rounded, and for LLM.int8() quantized. */
export function linearInput(
  pass: Pass,
  x: GPUBuffer,
  width: number,
  layer: number,
  site: InputSite,
): LinearInput {
  const { commands, workspace, compute_dtype, T } = pass;
  const { int8 } = workspace;
  const rounded = round(commands, compute_dtype, x, workspace.activations.rounded, T * width);
  if (int8) quantizeInput(commands, rounded, int8, { M: T, K: width, seen: pass.seen[layer]![site] });
  return { raw: x, x: rounded, int8 };
}

/** x rounded into y to a compute dtype; for float32 x itself. */
export function round(
  commands: Commands,
  dtype: ComputeDtype,
  x: GPUBuffer,
  y: GPUBuffer,
  n: number,
): GPUBuffer {
  if (dtype === 'float32') return x;
  commands.dispatch(cast, { n }, { x, y }, { COMPUTE_DTYPE: COMPUTE_DTYPE[dtype] });
  return y;
}

/** y = a Linear layer of its input, and its adapter's share on top. */
export function project(
  pass: Pass,
  { matrix, bias, lora }: Linear,
  { raw, x, int8 }: LinearInput,
  y: GPUBuffer,
  place: Pick<LinearCall, 'rows' | 'offset' | 'accumulate'> = {},
): void {
  const { commands, compute_dtype, phase, T: M } = pass;
  linear(commands, matrix, { M, x, y, bias, compute_dtype, phase, ...(int8 ? { int8 } : {}), ...place });
  if (!lora) return;
  const { low_rank } = pass.workspace.activations;
  linear(commands, lora.A, { M, x: raw, y: low_rank, compute_dtype: 'float32', phase });
  linear(commands, lora.B, {
    M,
    x: low_rank,
    y,
    compute_dtype: 'float32',
    phase,
    accumulate: true,
    ...place,
  });
}

/** Attention of q over what a block's window shows of a layer's keys and values, into `mixed`. */
export function attend(pass: Pass, layer: number, spec: BlockSpec, q: GPUBuffer): GPUBuffer {
  const { config, commands, workspace, T } = pass;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = config;
  const { mixed: y } = workspace.activations;
  const spans = workspace.spans.get(spec.window)!;
  const { attention_scale: scale = 1 / Math.sqrt(head_dim), attention_softcap: softcap = 0 } = spec;
  const shape = { T, heads, kv_heads, head_dim, scale, softcap };
  const [keys, values] = [workspace.keys[layer]!, workspace.values[layer]!];
  // A step of decoding sees what lies before it, and itself.
  const room = { splits: workspace.splits, most: pass.first_slot + T };
  attendTo(commands, pass.phase, shape, { q, keys, values, spans, y }, room);
  return y;
}

/** hidden += y, by the model's factor. */
export function addToResidual({ config, commands, workspace, T }: Pass, y: GPUBuffer): void {
  const { hidden_size, residual_scale: factor = 1 } = config;
  commands.dispatch(add, { n: T * hidden_size, factor }, { x: workspace.activations.hidden, y });
}
