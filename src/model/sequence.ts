import { forward, type Model } from './forward.ts';
import { causalSpan } from './spans.ts';
import { MAX_TOKENS } from './workspace.ts';

/**
 * Runs a plain sequence through the blocks, in as many passes as it takes; `ids` continue what the slots before
 * `first_slot` hold, and all slots are reserved. Returns the last token's row in the last pass.
 */
export function forwardSequence(model: Model, ids: readonly number[], first_slot: number): number {
  let last = 0;
  for (let begin = 0; begin < ids.length; begin += MAX_TOKENS) {
    const part = ids.slice(begin, begin + MAX_TOKENS);
    const slot = first_slot + begin;
    const positions = part.map((_, i) => slot + i);
    forward(model, {
      ids: part,
      positions,
      spans: positions.map((position) => causalSpan(position, model.config.sliding_window)),
      first_slot: slot,
    });
    last = part.length - 1;
  }
  return last;
}
