import type { SlotSpan } from './forward.ts';

/**
 * The slots that a token at `position` of a plain sequence sees, whose first token lies in slot `first`: its own and
 * all before it, or the last `window` of them. `causalSpan(9, undefined)` is [0, 0, 0, 10]; with a window of 4,
 * [0, 0, 6, 10], and from slot 20 on, [0, 0, 26, 30].
 */
export const causalSpan = (position: number, window: number | undefined, first = 0): SlotSpan => [
  0,
  0,
  first + firstVisible(position, window),
  first + position + 1,
];

/**
 * The slots that a token of a branch sees: the shared context in `context` slots from `first` on, and its own branch,
 * which lies in those from `begin` on and continues the context's positions. The i-th token (from 0) of a branch:
 * `branchSpan({first: 0, context: 6, begin: 8, index: 1}, undefined)` is [0, 6, 8, 10].
 */
export function branchSpan(
  { first, context, begin, index }: { first: number; context: number; begin: number; index: number },
  window: number | undefined,
): SlotSpan {
  const visible = firstVisible(context + index, window);
  return [
    first + Math.min(visible, context),
    first + context,
    begin + Math.max(0, visible - context),
    begin + index + 1,
  ];
}

const firstVisible = (position: number, window: number | undefined): number =>
  window === undefined ? 0 : Math.max(0, position + 1 - window);
