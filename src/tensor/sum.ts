/** The sum of numbers, added in their order; 0 of none. */
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
