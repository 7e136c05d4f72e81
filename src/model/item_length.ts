import type { QuantConfig } from '../quant/config.ts';
import type { RunExtent } from './memory.ts';
import { MAX_TOKENS } from './workspace_sizes.ts';
import { sum } from '../tensor/sum.ts';

/** Tokens of a task's longest item. */
export interface ItemLength {
  /** Of what all its continuations share. */
  context: number;
  /** Of each continuation that is scored. */
  tails: readonly number[];
  /** Generated at most. */
  generated: number;
  /** The number of items that may share a pass. */
  together: number;
}

/** True if a token's result depends on no other token of its pass; LLM.int8() finds outlier columns over all of them. */
export const independent = (quant: QuantConfig): boolean =>
  quant.quant_type !== 'llm_int8' || quant.llm_int8_threshold === 0;

/** The most that a run asks at a time under a configuration: LLM.int8() takes each continuation by itself. */
export function extentOf(lengths: readonly ItemLength[], quant: QuantConfig, compares: boolean): RunExtent {
  const extents = lengths.map(({ context, tails, generated, together }) => {
    const packed = independent(quant);
    const scored = packed || tails.length === 0 ? tails : [Math.max(...tails)];
    const behind = sum(scored.map((tail) => tail - 1));
    const own = context + behind;
    // Items are packed until a pass is full; a longer one goes alone.
    const tokens = packed ? Math.max(own, Math.min(MAX_TOKENS, together * own)) : own;
    const times = tokens / own;
    return {
      tokens,
      slots: tokens + generated,
      rows: Math.min(MAX_TOKENS, Math.ceil(times * (1 + behind))),
      wanted: Math.ceil(times * Math.max(1, sum(scored))),
    };
  });
  const most = (name: keyof (typeof extents)[number]) =>
    Math.max(1, ...extents.map((extent) => extent[name]));
  return {
    ...{ tokens: most('tokens'), slots: most('slots'), rows: most('rows'), wanted: most('wanted') },
    compares,
  };
}
