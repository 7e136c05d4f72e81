/** An estimate of the seconds that a run has left. */
export interface Eta {
  /** Counts an answered item of `cost` that took `seconds`. */
  answered(cost: number, seconds: number): void;
  /** The range the rest will take; undefined before the first item. */
  left(cost: number): readonly [number, number] | undefined;
}

/** The range never closes further: machines slow down and speed up. */
const LEAST_DOUBT = 0.05;

/**
 * Estimates by cost, not by items, because items differ in length. A rate from k items is off by about 1/√k of itself,
 * so the range closes as items are answered: after 4 items ±50 %, after 100 ±10 %.
 */
export function estimate(): Eta {
  let items = 0;
  let cost = 0;
  let seconds = 0;
  return {
    answered(itemCost, itemSeconds) {
      items++;
      cost += itemCost;
      seconds += itemSeconds;
    },
    left(costLeft) {
      if (items === 0) return undefined;
      const expected = (costLeft * seconds) / cost;
      const doubt = Math.max(LEAST_DOUBT, Math.min(1, 1 / Math.sqrt(items)));
      return [expected * (1 - doubt), expected * (1 + doubt)];
    },
  };
}
