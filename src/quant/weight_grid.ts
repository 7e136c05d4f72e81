/** Weights of a block that is looked at: GGUF's blocks of 4 bits have as many, and lie within other tools' groups. */
export const GRID_BLOCK = 32;

/** Values that 4 bits tell apart. */
const VALUES = 16;

/** The share of a number that storing it as bfloat16 may move it by is 2^-8; a difference has two ends. */
const ROUNDING = 2 ** -7;

/**
 * Whether a block of weights lies on a 4-bit grid: at most 16 values, equally spaced but for a rounding to bfloat16.
 * Blocks of two values and fewer lie on any and say nothing: undefined. Weights as they were trained have almost as many
 * values as weights: `isOnGrid([-7, -5, 0, 3, …])` is true, of 32 normal numbers false.
 */
export function isOnGrid(block: Float32Array): boolean | undefined {
  const values = Float32Array.from(new Set(block)).sort();
  if (values.length <= 2) return undefined;
  if (values.length > VALUES || !values.every(Number.isFinite)) return false;
  const [low, high] = [values[0]!, values.at(-1)!];
  const rounding = ROUNDING * Math.max(Math.abs(low), Math.abs(high));
  for (let steps = values.length - 1; steps < VALUES; steps++) {
    const step = (high - low) / steps;
    // Nearer than that, every number would lie on the grid.
    if (step < 4 * rounding) return false;
    if (values.every((w) => Math.abs(w - low - step * Math.round((w - low) / step)) <= rounding)) return true;
  }
  return false;
}
