/** What calibration learns of the inputs of a Linear layer: all that GPTQ, AWQ and the output error ask of them. */
export interface InputStatistics {
  columns: number;
  tokens: number;
  /** Neighbouring columns whose products are kept: all of them for GPTQ, a group's for AWQ. */
  block: number;
  /** [columns / block, block, block] Σ x xᵀ over the tokens; of all columns, GPTQ's Hessian up to a factor that changes no code. */
  gram: Float64Array;
  /** [columns] Σ |x| over the tokens. */
  sum_abs: Float64Array;
}

/** Statistics of no token yet. */
export const emptyStatistics = (columns: number, block = columns): InputStatistics => ({
  ...{ columns, block },
  tokens: 0,
  gram: new Float64Array(columns * block),
  sum_abs: new Float64Array(columns),
});

/** Tokens whose products are added in one go over the matrix, which is what takes time to walk. */
const AT_ONCE = 4;

/** Adds inputs [tokens, columns] to statistics, in float64. */
export function addInputs(statistics: InputStatistics, x: Float32Array): void {
  const { columns, block, gram, sum_abs } = statistics;
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
      const first = i - (i % block);
      const at = i * block - first;
      for (let j = first; j <= i; j++) gram[at + j]! += ai * a[j]! + bi * b[j]! + ci * c[j]! + di * d[j]!;
    }
  }
  mirror(statistics);
  statistics.tokens += tokens;
}

/** Copies what stands below the diagonals above them. */
export function mirror({ gram, block }: Pick<InputStatistics, 'gram' | 'block'>): void {
  for (let first = 0; first < gram.length; first += block * block) {
    const rows = Math.min(block, (gram.length - first) / block);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < i; j++) gram[first + j * block + i] = gram[first + i * block + j]!;
    }
  }
}

/** Statistics of the same inputs, each column divided by its own number: what a layer sees behind a scaled norm. */
export const dividedInputs = (
  { columns, block, tokens, gram, sum_abs }: InputStatistics,
  by: ArrayLike<number>,
): InputStatistics => ({
  ...{ columns, block, tokens },
  gram: gram.map((value, at) => {
    const row = Math.floor(at / block);
    return value / (by[row]! * by[row - (row % block) + (at % block)]!);
  }),
  sum_abs: sum_abs.map((value, column) => value / by[column]!),
});
