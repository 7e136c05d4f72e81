import type { SlotSpan } from './forward.ts';
import type { Wanted } from './logits.ts';
import { branchSpan, causalSpan } from './spans.ts';

/** A sequence to score: the log-probability of each token of `continuation` after `context`. */
export interface Pair {
  context: readonly number[];
  continuation: readonly number[];
}

/** What a request asks of the model: pairs, of which those of a bundle share the computation of their context. */
export interface Request {
  pairs: readonly Pair[];
  /** Indices into `pairs`, each in one bundle. */
  bundles: readonly (readonly number[])[];
}

/** Tokens that go through the model: the last one of a sequence has no successor to predict. */
export const inputLength = ({ context, continuation }: Pair): number =>
  context.length + continuation.length - 1;

/** Tokens a request takes: each context once a bundle, and of each continuation all but the last. */
export const tokensOf = ({ pairs, bundles }: Request): number =>
  bundles.reduce((sum, bundle) => {
    const shared = pairs[bundle[0]!]!.context.length;
    return sum + shared + bundle.reduce((own, i) => own + pairs[i]!.continuation.length - 1, 0);
  }, 0);

/**
 * Puts requests together that go through the model in one pass, the longest first, so that passes end evenly. Gives
 * their indices; a request that is longer than `most` tokens stands alone.
 */
export function pack(lengths: readonly number[], most: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const packs: number[][] = [];
  let room = 0;
  for (const i of order) {
    if (lengths[i]! > room) {
      packs.push([]);
      room = most;
    }
    packs.at(-1)!.push(i);
    room -= lengths[i]!;
  }
  return packs;
}

/** A token at its slot, which is its place in the list. */
export interface PlacedToken {
  id: number;
  position: number;
  /** The slots it sees under a window. */
  span(this: void, window: number | undefined): SlotSpan;
}

/** Tokens at slots 0, 1, …, and what is wanted of them. */
export interface Layout {
  tokens: PlacedToken[];
  wanted: Wanted[];
}

/**
 * Lays bundles side by side, each a context with its continuations as branches behind it. A token sees slots of its
 * own sequence alone, in their order: what is computed of it depends on nothing that stands beside it, nor on where.
 */
export function layOut(bundles: readonly (readonly Pair[])[]): Layout {
  const tokens: PlacedToken[] = [];
  const wanted: Wanted[] = [];
  for (const pairs of bundles) {
    const first = tokens.length;
    const { context } = pairs[0]!;
    const n = context.length;
    context.forEach((id, position) =>
      tokens.push({ id, position, span: (window) => causalSpan(position, window, first) }),
    );
    for (const { continuation } of pairs) {
      const begin = tokens.length;
      continuation.forEach((target, i) => {
        // The last token of the context predicts the first of every continuation.
        wanted.push({ row: i === 0 ? first + n - 1 : begin + i - 1, target });
        if (i === continuation.length - 1) return;
        const place = { first, context: n, begin, index: i };
        tokens.push({ id: target, position: n + i, span: (window) => branchSpan(place, window) });
      });
    }
  }
  return { tokens, wanted };
}
