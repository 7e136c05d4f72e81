/** What calibration learns of the inputs of a Linear layer: all that GPTQ, AWQ and the output error ask of them. */
export interface InputStatistics {
  columns: number;
  tokens: number;
  /** [columns, columns] Σ x xᵀ over the tokens, GPTQ's Hessian up to a factor that changes no code. */
  gram: Float64Array;
  /** [columns] Σ |x| over the tokens. */
  sum_abs: Float64Array;
}

/** Statistics of no token yet. */
export const emptyStatistics = (columns: number): InputStatistics => ({
  columns,
  tokens: 0,
  gram: new Float64Array(columns * columns),
  sum_abs: new Float64Array(columns),
});

/** Tokens whose products are added in one go over the matrix, which is what takes time to walk. */
const AT_ONCE = 4;

/** Adds inputs [tokens, columns] to statistics, in float64. */
export function addInputs(statistics: InputStatistics, x: Float32Array): void {
  const { columns, gram, sum_abs } = statistics;
  const tokens = x.length / columns;
  const rows = Array.from({ length: AT_ONCE }, () => new Float64Array(columns));
  const [a, b, c, d] = rows as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let t = 0; t < tokens; t += AT_ONCE) {
    rows.forEach((row, i) => {
      if (t + i < tokens) row.set(x.subarray((t + i) * columns, (t + i + 1) * columns));
      else row.fill(0);
    });
    for (let i = 0; i < columns; i++) {
      const [ai, bi, ci, di] = [a[i]!, b[i]!, c[i]!, d[i]!];
      sum_abs[i]! += Math.abs(ai) + Math.abs(bi) + Math.abs(ci) + Math.abs(di);
      const at = i * columns;
      for (let j = 0; j <= i; j++) gram[at + j]! += ai * a[j]! + bi * b[j]! + ci * c[j]! + di * d[j]!;
    }
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) gram[j * columns + i] = gram[i * columns + j]!;
  }
  statistics.tokens += tokens;
}

/** Statistics of the same inputs, each column divided by its own number: what a layer sees behind a scaled norm. */
export const dividedInputs = (
  { columns, tokens, gram, sum_abs }: InputStatistics,
  by: ArrayLike<number>,
): InputStatistics => ({
  columns,
  tokens,
  gram: gram.map((value, at) => value / (by[Math.floor(at / columns)]! * by[at % columns]!)),
  sum_abs: sum_abs.map((value, column) => value / by[column]!),
});
