import { largestBuffer, type AdapterReport } from '../gpu/adapter.ts';
import type { QuantConfig } from '../quant/config.ts';
import { inMiB } from '../tensor/size_words.ts';
import { memoryNeed, type RunExtent, type StoredModel } from './memory.ts';
import type { ModelConfig } from './model_config.ts';
import { grownExtent } from './workspace_sizes.ts';

/** A buffer that an adapter does not allow. */
export interface OverLimit {
  /** What it is for. */
  what: string;
  bytes: number;
  /** Bytes of the largest buffer that the adapter allows. */
  allowed: number;
  /** Tokens of the longest context whose buffers it allows; undefined where it allows none. */
  context: number | undefined;
}

/**
 * The largest buffer of a run, if an adapter does not allow it. Weights are cut into parts that it does allow; keys,
 * activations and logits are not, and are of one size in every format.
 */
export function overLimit(
  config: ModelConfig,
  quant: QuantConfig,
  stored: StoredModel,
  extent: RunExtent,
  limits: AdapterReport['limits'],
): OverLimit | undefined {
  const allowed = largestBuffer(limits);
  const largestOf = (slots: number) => {
    const within = (n: number) => Math.min(n, slots);
    const shorter = { ...extent, slots, tokens: within(extent.tokens), rows: within(extent.rows) };
    return memoryNeed(config, quant, stored, shorter).largest;
  };
  const { slots } = grownExtent(extent);
  const { what, bytes } = largestOf(slots);
  if (bytes <= allowed) return undefined;
  let context = slots / 2;
  while (context >= SHORTEST && largestOf(context).bytes > allowed) context /= 2;
  return { what, bytes, allowed, context: context >= SHORTEST ? context : undefined };
}

/** Buffers are made for so many tokens at least. */
const SHORTEST = grownExtent({ tokens: 1, slots: 1 }).slots;

/** What is too large, what the adapter allows, and what would fit, as a sentence without its subject. */
export function overLimitText(tokens: number, { what, bytes, allowed, context }: OverLimit): string {
  const fits =
    context === undefined
      ? 'too little for this model'
      : `enough for contexts of up to ${context.toLocaleString('en')} tokens`;
  return `needs a buffer of ${inMiB(bytes)} for the ${what} in a context of ${tokens.toLocaleString('en')} tokens, as every format does; this adapter allows ${inMiB(allowed)}, ${fits}.`;
}
