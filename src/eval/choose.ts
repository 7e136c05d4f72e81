/** The place of the largest; the first of equals, as numpy's argmax: `argmax([-2, -1, -1])` is 1. */
export function argmax(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

/** The choice with the largest value, and 1 where it is the right one: `choose([-2, -1], 1)` is `{pred: 1, acc: 1}`. */
export function choose(values: readonly number[], gold: number): { pred: number; acc: number } {
  const pred = argmax(values);
  return { pred, acc: Number(pred === gold) };
}
