import { reserveSplits, type Splits } from '../gpu/attend.ts';
import { openArena, type Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { reserveInt8Input, type Int8Input } from '../gpu/matrix/int8_input.ts';
import { maskWords } from '../gpu/kernels/outlier_columns.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { ModelConfig, Rope } from './model_config.ts';

/** Buffers a forward pass works in: activations of `tokens` tokens, keys and values of `slots` slots. */
export interface Workspace {
  arena: Arena;
  tokens: number;
  slots: number;
  activations: Record<Activation, GPUBuffer>;
  /** For each window among the blocks, the slots that each token sees, [tokens, 4]. */
  spans: ReadonlyMap<number | undefined, GPUBuffer>;
  /** For each rope among the blocks, cosine and sine of each token's angles, up to [tokens, head_dim / 2, 2]. */
  turns: ReadonlyMap<Rope, GPUBuffer>;
  /** A layer's, [slots, kv_heads, head_dim]. */
  keys: GPUBuffer[];
  values: GPUBuffer[];
  /** For decoding, on devices that attend in splits. */
  splits: Splits | undefined;
  /** For LLM.int8() only. */
  int8: Int8Input | undefined;
  /** For generation, once there was one. */
  decoder?: Decoder;
}

/** What a generation keeps on the device from one token to the next. */
export interface Decoder {
  /** The position of the last token, u32. */
  step: GPUBuffer;
  /** Ids of the last tokens, one a buffer, in a ring: what one token makes the next one reads. */
  ids: GPUBuffer[];
  /** For each rope among the blocks, the turns of every position that has a slot. */
  turns: ReadonlyMap<Rope, GPUBuffer>;
}

type Activation = keyof ReturnType<typeof activationWidths>;

/** Buffers between the last block and what is read back, for up to `rows` rows and `wanted` tokens. */
export interface Head {
  arena: Arena;
  rows: number;
  wanted: number;
  buffers: Record<HeadBuffer, GPUBuffer>;
}

export type HeadBuffer =
  | 'ids'
  | 'picked'
  | 'normed'
  | 'rounded'
  | 'logits'
  | 'peaks'
  | 'places'
  | 'wanted'
  | 'logprob'
  | 'best'
  | 'gaps';

/** Tokens one pass takes at most; longer inputs go in several, so that no submit keeps the GPU long. */
export const MAX_TOKENS = 512;

/** A workspace of at least so many tokens and slots; sizes are powers of two, so that growing is rare. */
export async function openWorkspace(
  gpu: Gpu,
  config: ModelConfig,
  quant: QuantConfig,
  least: { tokens: number; slots: number },
): Promise<Workspace> {
  const arena = openArena(gpu);
  try {
    const tokens = grown(Math.min(least.tokens, MAX_TOKENS));
    const slots = grown(least.slots);
    const allocate = (width: number, name: string) =>
      arena.allocate(4 * tokens * width, `activations ${name}`);
    const activations = {} as Workspace['activations'];
    for (const [name, width] of Object.entries(activationWidths(config)) as [Activation, number][]) {
      activations[name] = await allocate(width, name);
    }
    const spans = new Map<number | undefined, GPUBuffer>();
    const turns = new Map<Rope, GPUBuffer>();
    for (const { window, rope, query_rope } of config.blocks) {
      if (!spans.has(window)) spans.set(window, await allocate(4, 'spans'));
      for (const each of [rope, query_rope]) {
        if (each && !turns.has(each)) turns.set(each, await allocate(config.head_dim, 'turns'));
      }
    }
    const [keys, values]: [GPUBuffer[], GPUBuffer[]] = [[], []];
    const cache = 4 * slots * config.num_key_value_heads * config.head_dim;
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      keys.push(await arena.allocate(cache, 'keys'));
      values.push(await arena.allocate(cache, 'values'));
    }
    const { num_attention_heads: heads, head_dim } = config;
    const splits = await reserveSplits(arena, { heads, head_dim, slots });
    const int8 =
      quant.quant_type === 'llm_int8'
        ? await reserveInt8Input(arena, quant.llm_int8_threshold, tokens, widestInput(config))
        : undefined;
    return { arena, tokens, slots, activations, spans, turns, keys, values, splits, int8 };
  } catch (error) {
    arena.close();
    throw error;
  }
}

/** float32 or u32 values a token takes in each buffer. */
function activationWidths(config: ModelConfig) {
  const { hidden_size: hidden, intermediate_size: inner, head_dim } = config;
  const queries = config.num_attention_heads * head_dim;
  const keys = config.num_key_value_heads * head_dim;
  return {
    ids: 1,
    positions: 1,
    /** The residual stream. */
    hidden,
    normed: hidden,
    /** The MLP's input of a block whose MLP and attention have a norm each for the same stream. */
    beside: config.blocks.some(({ parallel, norms }) => parallel && norms.mlp_in) ? hidden : 1,
    /** A Linear's input in the compute dtype. */
    rounded: widestInput(config),
    /** The same with its columns in the order of the codes it meets. */
    gathered: widestInput(config),
    /** A projection whose rows are grouped by heads, before it is parted. */
    grouped: config.blocks.some(({ linears }) => linears.some(({ by_head }) => by_head))
      ? queries + 2 * keys
      : 1,
    q: queries,
    k: keys,
    q_normed: queries,
    k_normed: keys,
    turned: queries,
    /** Attention's output. */
    mixed: queries,
    /** The sum that attention or MLP adds to the residual stream. */
    update: hidden,
    gate: inner,
    up: inner,
    activated: inner,
    /** A LoRA adapter's inner vector. */
    low_rank: MAX_LORA_RANK,
  };
}

/** Published adapters rarely go beyond 256. */
export const MAX_LORA_RANK = 512;

/** Columns of the widest Linear of a block. */
export const widestInput = ({
  hidden_size,
  intermediate_size,
  num_attention_heads,
  head_dim,
}: ModelConfig): number => Math.max(hidden_size, intermediate_size, num_attention_heads * head_dim);

/** Bytes of a mask over the widest Linear's columns. */
export const widestMaskBytes = (config: ModelConfig): number => 4 * maskWords(widestInput(config));

/** The next power of two, and at least 64. */
const grown = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, n)));
