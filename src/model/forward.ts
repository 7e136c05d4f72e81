import { add } from '../gpu/kernels/add.ts';
import { openArena, write, type Arena } from '../gpu/device/buffers.ts';
import { recordCommands, type Commands } from '../gpu/device/commands.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { openPace, type Pace } from '../gpu/device/pace.ts';
import { embedding } from '../gpu/kernels/embedding.ts';
import { scale } from '../gpu/kernels/scale.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import type { ComputeDtype, QuantConfig } from '../quant/config.ts';
import { computeBlock } from './block.ts';
import { embeddingFactor } from './embedding_factor.ts';
import { blockOf, type ModelConfig } from './model_config.ts';
import { INPUT_SITES, type InputSite, type Pass } from './pass.ts';
import { ropeTurns } from './rope.ts';
import type { Weights } from './weights.ts';
import { MAX_TOKENS, openWorkspace, widestMaskBytes, type Head, type Workspace } from './workspace.ts';

/** A model ready to compute. */
export interface Model {
  gpu: Gpu;
  config: ModelConfig;
  quant: QuantConfig;
  weights: Weights;
  /** The dtype the head computes in. No configuration quantizes it: float32, but of an unquantized model its own. */
  head_dtype: ComputeDtype;
  commands: Commands;
  pace: Pace;
  workspace: Workspace | undefined;
  head: Head | undefined;
  /** For the baseline's logits, where a text is compared with a baseline. */
  baseline_head: Head | undefined;
  seen: Seen;
  /** Tokens that have gone through the blocks, without those a generation computed beyond its end. */
  tokens: number;
  /** Milliseconds a token of a generation takes, once there was one. */
  token_ms: number | undefined;
  /** Seconds spent beside answering, on comparing with a baseline: they say nothing about the model's speed. */
  aside_seconds: number;
}

/** LLM.int8(): the outlier columns of every pass so far, one mask a layer and input; no layers for other types. */
interface Seen {
  arena: Arena;
  layers: Record<InputSite, GPUBuffer>[];
}

/**
 * Tokens for one pass. Token t is `ids[t]` at position `positions[t]`; its keys and values go to slot
 * `first_slot + t`; in a block of some window it sees the slots [a, b) and [c, d) of
 * `spans(window)[t] = [a, b, c, d]`. `length` is that of the whole sequence, on which some models' ropes depend: the
 * tokens before the batch, its own, and those of it that later batches bring.
 */
export interface TokenBatch {
  ids: readonly number[];
  positions: readonly number[];
  spans(window: number | undefined): readonly SlotSpan[];
  first_slot: number;
  length: number;
  phase: Phase;
}

export type SlotSpan = readonly [number, number, number, number];

/** A model over loaded weights; its workspace comes with the first pass. */
export async function makeModel(
  gpu: Gpu,
  config: ModelConfig,
  weights: Weights,
  quant: QuantConfig,
): Promise<Model> {
  const seen = await openSeen(gpu, config, quant);
  const pace = openPace();
  return {
    gpu,
    config,
    quant,
    weights,
    head_dtype: headDtype(quant),
    commands: recordCommands(gpu, pace),
    pace,
    workspace: undefined,
    head: undefined,
    baseline_head: undefined,
    seen,
    tokens: 0,
    token_ms: undefined,
    aside_seconds: 0,
  };
}

/** The dtype the head computes in under a configuration. */
export const headDtype = (quant: QuantConfig): ComputeDtype =>
  quant.quant_type === 'none' ? quant.compute_dtype : 'float32';

async function openSeen(gpu: Gpu, config: ModelConfig, quant: QuantConfig): Promise<Seen> {
  const arena = openArena(gpu);
  const layers: Seen['layers'] = [];
  if (quant.quant_type !== 'llm_int8') return { arena, layers };
  try {
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      const masks = {} as Record<InputSite, GPUBuffer>;
      for (const site of INPUT_SITES) {
        masks[site] = await arena.allocate(widestMaskBytes(config), 'outlier columns seen');
      }
      layers.push(masks);
    }
  } catch (error) {
    arena.close();
    throw error;
  }
  return { arena, layers };
}

/** Makes the workspace large enough; what lay in the old one is gone. */
export async function reserve(model: Model, tokens: number, slots: number): Promise<void> {
  const { gpu, config, quant, workspace } = model;
  const least = { tokens: Math.min(tokens, MAX_TOKENS), slots };
  if (workspace && least.tokens <= workspace.tokens && slots <= workspace.slots) return;
  if (workspace) {
    // What was recorded still works in it.
    model.commands.submit();
    least.tokens = Math.max(least.tokens, workspace.tokens);
    least.slots = Math.max(slots, workspace.slots);
    workspace.arena.close();
    model.workspace = undefined;
  }
  model.workspace = await openWorkspace(gpu, config, quant, least);
}

/** Frees what makeModel and its passes made; the weights are their loader's to free. */
export function closeModel({ commands, workspace, head, baseline_head, seen }: Model): void {
  commands.submit();
  commands.close();
  workspace?.arena.close();
  head?.arena.close();
  baseline_head?.arena.close();
  seen.arena.close();
}

/** Runs the blocks over a batch that was reserved for; the hidden states [T, hidden] stay in `activations.hidden`. */
export function forward(model: Model, batch: TokenBatch): void {
  const pass = beginPass(model, batch);
  runBlocks(model, pass, model.workspace!.activations.ids);
}

/** Readies a batch that was reserved for: its ids, positions, and the slots that its tokens see. */
export function beginPass(model: Model, batch: TokenBatch): Pass {
  const { gpu, config, commands } = model;
  const workspace = model.workspace!;
  const T = batch.ids.length;
  const { ids, positions } = workspace.activations;
  model.tokens += T;
  // Earlier dispatches still read these buffers: hand them over before the queue overwrites.
  commands.submit();
  write(gpu, ids, Uint32Array.from(batch.ids));
  const { positions_from = 0 } = config;
  write(
    gpu,
    positions,
    Uint32Array.from(batch.positions, (position) => position + positions_from),
  );
  for (const [window, spans] of workspace.spans) {
    write(gpu, spans, Uint32Array.from(batch.spans(window).flat()));
  }
  for (const [rope, turns] of workspace.turns) {
    write(gpu, turns, ropeTurns(rope, batch));
  }
  return passOf(model, { T, first_slot: batch.first_slot, phase: batch.phase });
}

/** Runs the blocks over tokens of which `ids` tells the ids, and the workspace all else. */
export function forwardPlaced(
  model: Model,
  ids: GPUBuffer,
  placed: Pick<TokenBatch, 'first_slot' | 'phase'> & { T: number },
): void {
  runBlocks(model, passOf(model, placed), ids);
}

function passOf(
  { config, commands, quant, workspace, seen }: Model,
  placed: Pick<TokenBatch, 'first_slot' | 'phase'> & { T: number },
): Pass {
  const { compute_dtype } = quant;
  return { config, commands, workspace: workspace!, compute_dtype, seen: seen.layers, ...placed };
}

function runBlocks(model: Model, pass: Pass, ids: GPUBuffer): void {
  const { config, weights, commands } = model;
  embed(model, pass.workspace, ids, pass.T);
  for (let index = 0; index < config.num_hidden_layers; index++) {
    computeBlock(pass, blockOf(config, index), weights.layers[index]!, index);
    commands.worked(pass.T * blockWork(config));
  }
}

/** hidden = the tokens' embeddings by the model's factor, with learned positions added where it has them. */
export function embed(
  { weights, commands, config, head_dtype }: Model,
  { activations }: Workspace,
  ids: GPUBuffer,
  T: number,
): void {
  const { positions, hidden, update } = activations;
  const n = T * config.hidden_size;
  lookUp(commands, weights.embedding, ids, hidden, T);
  const factor = embeddingFactor(config, head_dtype);
  if (factor !== 1) commands.dispatch(scale, { n, factor, softcap: 0 }, { x: hidden });
  if (!weights.positions) return;
  lookUp(commands, weights.positions, positions, update, T);
  commands.dispatch(add, { n, factor: 1 }, { x: hidden, y: update });
}

/** y [T, columns] = rows of a table in parts. */
function lookUp(commands: Commands, table: DeviceMatrix, ids: GPUBuffer, y: GPUBuffer, T: number): void {
  for (const part of table.parts) {
    if (part.storage !== 'float') continue;
    const params = { T, width: table.columns, first_row: part.first_row, rows: part.rows };
    commands.dispatch(embedding, params, { ids, table: part.weight, y }, { DTYPE: DTYPE[part.dtype] });
  }
}

/** Multiplications of tokens through the blocks, and of rows through the head, nearly. */
export const workOf = ({ config, weights }: Model, tokens: number, rows: number): number =>
  tokens * config.num_hidden_layers * blockWork(config) + rows * weights.head.rows * config.hidden_size;

/** Multiplications a token costs in a block's Linear layers, nearly. */
function blockWork({ hidden_size, intermediate_size, num_attention_heads, head_dim }: ModelConfig): number {
  return hidden_size * (3 * intermediate_size + 4 * num_attention_heads * head_dim);
}
