import type { SlotSpan } from './forward.ts';

/**
 * The slots that a token at `position` of a plain sequence sees, where slots are positions: its own and all before it,
 * or the last `window` of them. `causalSpan(9, undefined)` is [0, 0, 0, 10]; with a window of 4, [0, 0, 6, 10].
 */
export const causalSpan = (position: number, window: number | undefined): SlotSpan => [
  0,
  0,
  firstVisible(position, window),
  position + 1,
];

/**
 * The slots that a token of a branch sees: the shared context in [0, context), and its own branch, which lies in those
 * from `begin` on and continues the context's positions. The i-th token (from 0) of a branch:
 * `branchSpan({context: 6, begin: 8, index: 1}, undefined)` is [0, 6, 8, 10].
 */
export function branchSpan(
  { context, begin, index }: { context: number; begin: number; index: number },
  window: number | undefined,
): SlotSpan {
  const first = firstVisible(context + index, window);
  return [Math.min(first, context), context, begin + Math.max(0, first - context), begin + index + 1];
}

const firstVisible = (position: number, window: number | undefined): number =>
  window === undefined ? 0 : Math.max(0, position + 1 - window);
