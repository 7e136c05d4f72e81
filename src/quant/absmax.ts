/** bitsandbytes' floor under absmax, which keeps the reciprocal of an all-zero block finite. */
export const SMALLEST_ABSMAX = Math.fround(1e-38);

/** The largest magnitude of `data[begin, end)`. */
export function absmaxOf(data: Float32Array, begin: number, end: number): number {
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const magnitude = Math.abs(data[i]!);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** The value of largest magnitude, with its sign; the first of equals. */
export function signedMax(x: Float32Array): number {
  let max = 0;
  for (const value of x) if (Math.abs(value) > Math.abs(max)) max = value;
  return max;
}

/** The smallest and the largest value. */
export function rangeOf(x: Float32Array): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const value of x) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}
