import { BAND, maskWords, STRIP, stripsOf } from '../gpu/device/limits.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { ModelConfig } from './model_config.ts';

/** Tokens one pass takes at most; longer inputs go in several, so that no submit keeps the GPU long. */
export const MAX_TOKENS = 512;

/** Published adapters rarely go beyond 256. */
export const MAX_LORA_RANK = 512;

/** What passes are reserved for: tokens of one, and slots of keys and values. */
export interface Extent {
  tokens: number;
  slots: number;
}

/** The extent that a workspace of at least so much has: powers of two, so that growing is rare. */
export const grownExtent = ({ tokens, slots }: Extent): Extent => ({
  tokens: grown(Math.min(tokens, MAX_TOKENS)),
  slots: grown(slots),
});

/** The next power of two, and at least 64. */
const grown = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, n)));

/** float32 or u32 values a token takes in each buffer of a pass. */
export function activationWidths(config: ModelConfig) {
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
    /** Queries, keys and values side by side, or grouped by heads, before they are parted. */
    qkv: queries + 2 * keys,
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

/** Columns of the widest Linear of a block. */
export const widestInput = ({
  hidden_size,
  intermediate_size,
  num_attention_heads,
  head_dim,
}: ModelConfig): number => Math.max(hidden_size, intermediate_size, num_attention_heads * head_dim);

/** Bytes of a mask over the widest Linear's columns. */
export const widestMaskBytes = (config: ModelConfig): number => 4 * maskWords(widestInput(config));

/** Bytes of a layer's keys, or of its values. */
export const keyBytes = ({ num_key_value_heads, head_dim }: ModelConfig, slots: number): number =>
  4 * slots * num_key_value_heads * head_dim;

/** Bytes of LLM.int8()'s form of an input; none for other formats. */
export function int8InputSizes(config: ModelConfig, quant: QuantConfig, tokens: number) {
  if (quant.quant_type !== 'llm_int8') return undefined;
  return {
    mask: widestMaskBytes(config),
    columns: 4 * (1 + widestInput(config)),
    CA: 4 * tokens * Math.ceil(widestInput(config) / 4),
    SCA: 4 * tokens,
  };
}

/** Bytes of every buffer of a workspace of that extent, as openWorkspace makes them. */
export function workspaceSizes(
  config: ModelConfig,
  quant: QuantConfig,
  { tokens, slots }: Extent,
): { activations: number[]; cache: number[] } {
  const { blocks, num_hidden_layers: layers } = config;
  const windows = new Set(blocks.map(({ window }) => window));
  const ropes = new Set(blocks.flatMap(({ rope, query_rope }) => [rope, query_rope]).filter(Boolean));
  const widths = [
    ...Object.values(activationWidths(config)),
    ...[...windows].map(() => SPAN_WIDTH),
    ...[...ropes].map(() => config.head_dim),
  ];
  return {
    activations: [
      ...widths.map((width) => 4 * tokens * width),
      ...Object.values(int8InputSizes(config, quant, tokens) ?? {}),
    ],
    cache: Array.from({ length: 2 * layers }, () => keyBytes(config, slots)),
  };
}

/** Two ranges of slots, that a token sees. */
export const SPAN_WIDTH = 4;

/** float32 or u32 values in each buffer between the last block and what is read back. */
export function headLengths(hidden: number, outputs: number, rows: number, wanted: number) {
  const strips = stripsOf(outputs);
  return {
    ids: rows,
    picked: rows * hidden,
    normed: rows * hidden,
    rounded: rows * hidden,
    /** Of a band of the vocabulary. */
    logits: Math.min(rows * outputs, Math.max(BAND, rows * STRIP)),
    peaks: 2 * rows * strips,
    places: rows * strips,
    wanted: 2 * wanted,
    targets: wanted,
    logprob: wanted,
    best: wanted,
    gaps: rows * strips,
  };
}

/** The least room for wanted log-probabilities. */
export const LEAST_WANTED = 64;
