/** Ways to read several p-values at once, by the name a person chooses them by. */
export const ADJUSTMENTS = {
  holm: {
    title: 'Holm',
    promise: 'the chance of even one false difference among all of them stays below 5 %',
    of: holm,
  },
  bh: {
    title: 'Benjamini–Hochberg',
    promise: 'of the differences that are claimed 5 % at most are false, on average',
    of: benjaminiHochberg,
  },
} as const;

export type Adjustment = keyof typeof ADJUSTMENTS;

/**
 * Holm's step-down method (1979): the smallest of m p-values times m, the next times m - 1, and so on, none below one
 * before it. `holm([0.01, 0.04, 0.03])` is [0.03, 0.06, 0.06]. In the order given.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ascending(ps);
  let least = 0;
  return placed(order, (i, rank) => (least = Math.max(least, Math.min(1, (ps.length - rank) * ps[i]!))));
}

/**
 * Benjamini and Hochberg's step-up method (1995): the k-th smallest of m p-values times m / k, none above one behind
 * it. `benjaminiHochberg([0.01, 0.04, 0.03])` is [0.03, 0.04, 0.04]. In the order given.
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ascending(ps).reverse();
  let most = 1;
  return placed(order, (i, rank) => {
    const k = ps.length - rank;
    return (most = Math.min(most, (ps.length / k) * ps[i]!));
  });
}

const ascending = (ps: readonly number[]): number[] => [...ps.keys()].sort((a, b) => ps[a]! - ps[b]!);

/** Values computed one place after another along `order`, put where they belong. */
function placed(order: readonly number[], valueOf: (place: number, rank: number) => number): number[] {
  const values = new Array<number>(order.length);
  for (const [rank, place] of order.entries()) values[place] = valueOf(place, rank);
  return values;
}
