/**
 * The upper triangle U [n, n] with UᵀU = H⁻¹, which GPTQ corrects columns by, from H symmetric and positive definite, in
 * float64. One Cholesky instead of the usual three: with J the matrix that turns the order round, JHJ = LLᵀ makes
 * H = RRᵀ of the upper R = JLJ, so U = R⁻¹ = J L⁻¹ J.
 * @returns undefined where H is not positive definite
 */
export function inverseFactor(H: Float64Array, n: number): Float64Array | undefined {
  const L = flipped(H);
  if (!factor(L, n)) return undefined;
  return flipped(inverseOf(L, n));
}

/** J M J: element (i, j) becomes (n−1−i, n−1−j), which is the whole array read from its end. */
const flipped = (matrix: Float64Array): Float64Array => matrix.slice().reverse();

/** Cholesky's lower triangle in place of A; the upper half stays as it was. False where A has none. */
function factor(A: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = A[row + j]!;
      for (let k = 0; k < j; k++) sum -= A[row + k]! * A[other + k]!;
      if (i > j) A[row + j] = sum / A[other + j]!;
      else if (sum > 0) A[row + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** The inverse of a lower triangle, row by row: row i is (eᵢ − Σ L[i, k] · row k) / L[i, i]. */
function inverseOf(L: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = inverse.subarray(i * n, i * n + i + 1);
    for (let k = 0; k < i; k++) {
      const by = L[i * n + k]!;
      const other = k * n;
      for (let j = 0; j <= k; j++) row[j]! -= by * inverse[other + j]!;
    }
    const diagonal = L[i * n + i]!;
    for (let j = 0; j < i; j++) row[j]! /= diagonal;
    row[i] = 1 / diagonal;
  }
  return inverse;
}
