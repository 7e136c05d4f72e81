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
