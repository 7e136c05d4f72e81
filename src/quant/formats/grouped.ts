/** Bytes of what each group of a row brings beside its codes: `size` weights, `bits` for them all. */
export const groupedScaleBytes =
  <C>(groupOf: (config: C) => { size: number; bits: number }) =>
  ([rows, columns]: readonly [number, number], config: C): number => {
    const { size, bits } = groupOf(config);
    return Math.ceil((rows * Math.ceil(columns / size) * bits) / 8);
  };
