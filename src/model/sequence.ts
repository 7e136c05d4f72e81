import type { Phase } from '../gpu/matrix/choose.ts';
import { forward, type Model, type TokenBatch } from './forward.ts';
import { causalSpan } from './spans.ts';
import { MAX_TOKENS } from './workspace.ts';

/**
 * Runs a plain sequence through the blocks, in as many passes as it takes; `ids` continue what the slots before
 * `first_slot` hold, and all slots are reserved. Returns the last token's row in the last pass.
 */
export function forwardSequence(
  model: Model,
  ids: readonly number[],
  first_slot: number,
  phase: Phase = 'prefill',
): number {
  let last = 0;
  for (let begin = 0; begin < ids.length; begin += MAX_TOKENS) {
    const part = ids.slice(begin, begin + MAX_TOKENS);
    forward(model, { ...sequenceBatch(part, first_slot + begin, first_slot + ids.length), phase });
    last = part.length - 1;
  }
  return last;
}

/**
 * The tokens of a plain sequence that continue what the slots before `first_slot` hold, their slots their positions.
 * @param length of the sequence, where more of it follows
 */
export function sequenceBatch(
  ids: readonly number[],
  first_slot: number,
  length = first_slot + ids.length,
): TokenBatch {
  const positions = ids.map((_, i) => first_slot + i);
  return {
    ids,
    positions,
    spans: (window) => positions.map((position) => causalSpan(position, window)),
    first_slot,
    length,
    phase: 'prefill',
  };
}
