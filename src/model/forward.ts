import { add } from '../gpu/add.ts';
import { attention } from '../gpu/attention.ts';
import { cast } from '../gpu/cast.ts';
import { recordCommands, type Commands } from '../gpu/commands.ts';
import { openArena, write, type Arena } from '../gpu/buffers.ts';
import type { Gpu } from '../gpu/device.ts';
import { embedding } from '../gpu/embedding.ts';
import { linear, type LinearCall } from '../gpu/linear.ts';
import type { DeviceMatrix } from '../gpu/matrix.ts';
import { rms_norm } from '../gpu/rms_norm.ts';
import { rope } from '../gpu/rope.ts';
import { silu_mul } from '../gpu/silu_mul.ts';
import { COMPUTE_DTYPE } from '../gpu/rounding.ts';
import { DTYPE } from '../gpu/stored.ts';
import type { ComputeDtype, QuantConfig } from '../quant/config.ts';
import type { ModelConfig } from './config.ts';
import type { Head } from './logits.ts';
import { ropeTurns } from './rope.ts';
import type { LayerWeights, Linear, Weights } from './weights.ts';

/** A model ready to compute. */
export interface Model {
  gpu: Gpu;
  config: ModelConfig;
  weights: Weights;
  /** What the Linear layers of the blocks compute in. */
  compute_dtype: ComputeDtype;
  /** What the language-model head computes in: it stays unquantized, and in float32 unless the whole model is. */
  head_dtype: ComputeDtype;
  commands: Commands;
  workspace: Workspace;
  /** Tokens that have gone through the blocks. */
  tokens: number;
}

/** Buffers a forward pass works in: activations of `tokens` tokens, keys and values of `slots` slots. */
interface Workspace {
  arena: Arena;
  tokens: number;
  slots: number;
  activations: Record<Activation, GPUBuffer>;
  keys: GPUBuffer[];
  values: GPUBuffer[];
  head: Head | undefined;
}

type Activation =
  | 'ids'
  | 'turns'
  | 'spans'
  | 'hidden'
  | 'normed'
  | 'rounded'
  | 'q'
  | 'k'
  | 'turned'
  | 'mixed'
  | 'update'
  | 'gate'
  | 'up'
  | 'gated';

/** Tokens one pass takes at most; longer inputs go in several, so that no submit keeps the GPU long. */
export const MAX_TOKENS = 512;

/** Multiplications per submit: about 50 ms on a slow integrated GPU, so that the screen stays alive. */
const WORK_PER_SUBMIT = 2e9;

/**
 * Tokens for one pass. Token t is `ids[t]` at position `positions[t]`; its keys and values go to slot
 * `first_slot + t`; it sees the slots [a, b) and [c, d) of `spans[t] = [a, b, c, d]`.
 */
export interface TokenBatch {
  ids: readonly number[];
  positions: readonly number[];
  spans: readonly (readonly [number, number, number, number])[];
  first_slot: number;
}

/** A model over loaded weights; its workspace comes with the first pass. */
export function makeModel(gpu: Gpu, config: ModelConfig, weights: Weights, quant: QuantConfig): Model {
  const { compute_dtype } = quant;
  return {
    gpu,
    config,
    weights,
    compute_dtype,
    head_dtype: quant.quant_type === 'none' ? compute_dtype : 'float32',
    commands: recordCommands(gpu),
    workspace: emptyWorkspace(gpu),
    tokens: 0,
  };
}

/** Makes the workspace large enough; what lay in the old one is gone. Sizes double, so this is rare. */
export async function reserve(model: Model, tokens: number, slots: number): Promise<void> {
  const { gpu, config } = model;
  if (tokens <= model.workspace.tokens && slots <= model.workspace.slots) return;
  closeWorkspace(model);
  const workspace = (model.workspace = emptyWorkspace(gpu));
  const { arena } = workspace;
  const T = grown(Math.min(tokens, MAX_TOKENS));
  const S = grown(slots);
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  const { hidden_size: hidden, intermediate_size: inner } = config;
  const widths: Record<Activation, number> = {
    ids: 1,
    turns: config.head_dim,
    spans: 4,
    hidden,
    normed: hidden,
    rounded: Math.max(hidden, inner, queries),
    q: queries,
    k: keys,
    turned: queries,
    mixed: queries,
    update: hidden,
    gate: inner,
    up: inner,
    gated: inner,
  };
  for (const [name, width] of Object.entries(widths) as [Activation, number][]) {
    workspace.activations[name] = await arena.allocate(4 * T * width, `activations ${name}`);
  }
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    workspace.keys.push(await arena.allocate(4 * S * keys, 'keys'));
    workspace.values.push(await arena.allocate(4 * S * keys, 'values'));
  }
  workspace.tokens = T;
  workspace.slots = S;
}

/** Frees what makeModel and its passes made; the weights are their loader's to free. */
export function closeModel(model: Model): void {
  model.commands.submit();
  closeWorkspace(model);
  model.commands.close();
}

function closeWorkspace({ workspace }: Model): void {
  workspace.arena.close();
  workspace.head?.arena.close();
}

const emptyWorkspace = (gpu: Gpu): Workspace => ({
  arena: openArena(gpu),
  tokens: 0,
  slots: 0,
  activations: {} as never,
  keys: [],
  values: [],
  head: undefined,
});

/**
 * Runs the blocks over a batch; the hidden states [T, hidden] of before the last norm stay in `activations.hidden`.
 * The batch fits the workspace (see reserve). Follows transformers' modeling_llama.py.
 */
export function forward(model: Model, batch: TokenBatch): void {
  const { gpu, config, weights, commands, workspace } = model;
  const T = batch.ids.length;
  const { ids, turns, spans, hidden } = workspace.activations;
  model.tokens += T;
  // Earlier dispatches still read these buffers: hand them over before the queue overwrites.
  commands.submit();
  write(gpu, ids, Uint32Array.from(batch.ids));
  write(gpu, turns, ropeTurns(config.rope, config.head_dim, batch.positions));
  write(gpu, spans, Uint32Array.from(batch.spans.flat()));
  embed(commands, weights.embedding, ids, hidden, T);
  let work = 0;
  weights.layers.forEach((layer, index) => {
    block(model, layer, index, batch);
    work += T * blockWork(layer);
    if (work < WORK_PER_SUBMIT) return;
    commands.submit();
    work = 0;
  });
}

/** y [T, columns] = rows of a table in parts. */
function embed(commands: Commands, table: DeviceMatrix, ids: GPUBuffer, y: GPUBuffer, T: number): void {
  for (const part of table.parts) {
    if (part.storage !== 'float') continue;
    const params = { T, width: table.columns, first_row: part.first_row, rows: part.rows };
    commands.dispatch(embedding, params, { ids, table: part.weight, y }, { DTYPE: DTYPE[part.dtype] });
  }
}

function block(model: Model, layer: LayerWeights, index: number, { ids, first_slot }: TokenBatch): void {
  const { config, commands, workspace, compute_dtype } = model;
  const input = (x: GPUBuffer, n: number) =>
    rounded(model, compute_dtype, x, workspace.activations.rounded, n);
  const { turns, spans, hidden, normed, q, k, turned, mixed, update, gate, up, gated } =
    workspace.activations;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim, hidden_size: width } = config;
  const T = ids.length;
  const keys = workspace.keys[index]!;
  const values = workspace.values[index]!;

  normalize(model, hidden, layer.input_layernorm, normed, T);
  const x = input(normed, T * width);
  project(model, layer.q_proj, { M: T, x, y: q });
  project(model, layer.k_proj, { M: T, x, y: k });
  project(model, layer.v_proj, { M: T, x, y: values, offset: first_slot * kv_heads * head_dim });
  commands.dispatch(rope, { T, heads, head_dim, first: 0 }, { x: q, turns, y: turned });
  commands.dispatch(rope, { T, heads: kv_heads, head_dim, first: first_slot }, { x: k, turns, y: keys });
  const shape = { T, heads, kv_heads, head_dim, scale: 1 / Math.sqrt(head_dim) };
  commands.dispatch(attention, shape, { q: turned, keys, values, spans, y: mixed });
  project(model, layer.o_proj, { M: T, x: input(mixed, T * heads * head_dim), y: update });
  commands.dispatch(add, { n: T * width }, { x: hidden, y: update });

  normalize(model, hidden, layer.post_attention_layernorm, normed, T);
  const z = input(normed, T * width);
  project(model, layer.gate_proj, { M: T, x: z, y: gate });
  project(model, layer.up_proj, { M: T, x: z, y: up });
  const n = T * config.intermediate_size;
  commands.dispatch(silu_mul, { n }, { gate, up, y: gated });
  project(model, layer.down_proj, { M: T, x: input(gated, n), y: update });
  commands.dispatch(add, { n: T * width }, { x: hidden, y: update });
}

/** y [T, hidden] = RMSNorm of x. */
export function normalize(
  { config, commands }: Model,
  x: GPUBuffer,
  weight: GPUBuffer,
  y: GPUBuffer,
  T: number,
): void {
  commands.dispatch(rms_norm, { T, width: config.hidden_size, eps: config.rms_norm_eps }, { x, weight, y });
}

/** x as a Linear layer takes it in: rounded into y to the compute dtype, which for float32 is x itself. */
export function rounded(
  { commands }: Model,
  dtype: ComputeDtype,
  x: GPUBuffer,
  y: GPUBuffer,
  n: number,
): GPUBuffer {
  if (dtype === 'float32') return x;
  commands.dispatch(cast, { n }, { x, y }, { COMPUTE_DTYPE: COMPUTE_DTYPE[dtype] });
  return y;
}

function project(
  { commands, compute_dtype }: Model,
  { matrix, bias }: Linear,
  call: Omit<LinearCall, 'compute_dtype'>,
): void {
  linear(commands, matrix, { ...call, bias, compute_dtype });
}

/** Multiplications a token costs in a block's Linear layers. */
function blockWork(layer: LayerWeights): number {
  const linears = Object.values(layer).filter((value): value is Linear => 'matrix' in (value as object));
  return linears.reduce((sum, { matrix }) => sum + matrix.rows * matrix.columns, 0);
}

/** The next power of two, and at least 64. */
const grown = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, n)));
