/** Σ x², added in order. */
export const sumOfSquares = (values: Float32Array): number => values.reduce((sum, x) => sum + x * x, 0);

/** The sum of numbers, added in their order; 0 of none. */
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
