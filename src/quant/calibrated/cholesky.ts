/** Rows, and columns, of a tile whose sums are kept in registers: each value that is read serves four of them. */
const TILE = 4;

/** Rows between two looks at whether to go on. */
const ROWS_AT_ONCE = 64;

/**
 * The upper triangle U [n, n] with UᵀU = H⁻¹, which GPTQ corrects columns by, from H symmetric and positive definite, in
 * float64. One Cholesky instead of the usual three: with J the matrix that turns the order round, JHJ = LLᵀ makes
 * H = RRᵀ of the upper R = JLJ, so U = R⁻¹ = J L⁻¹ J. Every sum runs in ascending k, however many are under way. H itself
 * is overwritten.
 * @param turn is waited for between rows, since wide ones take minutes: to be stopped, say
 * @returns undefined where H is not positive definite
 */
export async function inverseFactor(
  H: Float64Array,
  n: number,
  turn: () => Promise<void>,
): Promise<Float64Array | undefined> {
  // J M J: element (i, j) becomes (n−1−i, n−1−j), which is the whole array read from its end.
  const L = H.reverse();
  for (let i = 0; i < n; i += TILE) {
    if (!factorRows(L, n, i, Math.min(i + TILE, n))) return undefined;
    if (i % ROWS_AT_ONCE === 0) await turn();
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i += TILE) {
    invertRows(L, inverse, n, i, Math.min(i + TILE, n));
    if (i % ROWS_AT_ONCE === 0) await turn();
  }
  return inverse.reverse();
}

/** Cholesky's lower triangle in place of rows of A, above which all are done; the upper half stays. False if there is none. */
function factorRows(A: Float64Array, n: number, begin: number, end: number): boolean {
  const whole = end - begin === TILE;
  for (let j = 0; j < begin; j += TILE) {
    if (whole) subtractProducts(A, n, begin, j);
    finish(A, n, [begin, end], [j, j + TILE], whole ? j : 0);
  }
  return finish(A, n, [begin, end], [begin, end], 0);
}

/** The tile's elements less Σ A[i, k] A[j, k] over all k before its columns. */
function subtractProducts(A: Float64Array, n: number, row: number, column: number): void {
  const [r0, r1, r2, r3] = [row * n, (row + 1) * n, (row + 2) * n, (row + 3) * n];
  const [c0, c1, c2, c3] = [column * n, (column + 1) * n, (column + 2) * n, (column + 3) * n];
  for (const [a, b] of [
    [r0, r1],
    [r2, r3],
  ] as const) {
    let [s00, s01, s02, s03] = [A[a + column]!, A[a + column + 1]!, A[a + column + 2]!, A[a + column + 3]!];
    let [s10, s11, s12, s13] = [A[b + column]!, A[b + column + 1]!, A[b + column + 2]!, A[b + column + 3]!];
    for (let k = 0; k < column; k++) {
      const x = A[a + k]!;
      const y = A[b + k]!;
      const p = A[c0 + k]!;
      const q = A[c1 + k]!;
      const r = A[c2 + k]!;
      const s = A[c3 + k]!;
      s00 -= x * p;
      s01 -= x * q;
      s02 -= x * r;
      s03 -= x * s;
      s10 -= y * p;
      s11 -= y * q;
      s12 -= y * r;
      s13 -= y * s;
    }
    A[a + column] = s00;
    A[a + column + 1] = s01;
    A[a + column + 2] = s02;
    A[a + column + 3] = s03;
    A[b + column] = s10;
    A[b + column + 1] = s11;
    A[b + column + 2] = s12;
    A[b + column + 3] = s13;
  }
}

type Stretch = readonly [begin: number, end: number];

/** Finishes elements of some rows and columns, from which the products before `since` have been subtracted. */
function finish(A: Float64Array, n: number, rows: Stretch, columns: Stretch, since: number): boolean {
  for (let i = rows[0]; i < rows[1]; i++) {
    const row = i * n;
    for (let j = columns[0]; j < columns[1] && j <= i; j++) {
      const other = j * n;
      let sum = A[row + j]!;
      for (let k = since; k < j; k++) sum -= A[row + k]! * A[other + k]!;
      if (i > j) A[row + j] = sum / A[other + j]!;
      else if (sum > 0) A[row + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Rows of the inverse of a lower triangle: row i is (eᵢ − Σ L[i, k] · row k) / L[i, i]. */
function invertRows(L: Float64Array, inverse: Float64Array, n: number, begin: number, end: number): void {
  for (let k = 0; k < begin; k += TILE) {
    for (let i = begin; i < end; i++) subtractFour(inverse, n, i, k, L);
  }
  for (let i = begin; i < end; i++) {
    const row = inverse.subarray(i * n, i * n + i);
    for (let k = begin; k < i; k++) {
      const by = L[i * n + k]!;
      for (let j = 0; j <= k; j++) row[j]! -= by * inverse[k * n + j]!;
    }
    const diagonal = L[i * n + i]!;
    for (let j = 0; j < i; j++) row[j]! /= diagonal;
    inverse[i * n + i] = 1 / diagonal;
  }
}

/** Row i less L[i, k] · row k of four k; above the diagonal the rows hold zeros. */
function subtractFour(inverse: Float64Array, n: number, i: number, k: number, L: Float64Array): void {
  const [row, k0, k1, k2, k3] = [i * n, k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n];
  const [b0, b1, b2, b3] = [L[row + k]!, L[row + k + 1]!, L[row + k + 2]!, L[row + k + 3]!];
  for (let j = 0; j < k + TILE; j++) {
    inverse[row + j] =
      inverse[row + j]! -
      b0 * inverse[k0 + j]! -
      b1 * inverse[k1 + j]! -
      b2 * inverse[k2 + j]! -
      b3 * inverse[k3 + j]!;
  }
}
