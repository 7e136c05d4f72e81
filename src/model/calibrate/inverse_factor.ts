import type { Gpu } from '../../gpu/device/device.ts';
import { product } from '../../gpu/matrix/product.ts';

type Matrix = Float32Array<ArrayBuffer>;

/** Columns that are factored together on the CPU; all that is before them is taken out on the device. */
const PANEL = 128;

/**
 * The upper U [n, n] with UᵀU = H⁻¹ of a wide H, in float32: as `inverseFactor` by the Cholesky factor of H read from its
 * end, a panel of columns after the other. H itself is overwritten.
 * @returns undefined where H is not positive definite
 */
export async function inverseFactorOnDevice(gpu: Gpu, H: Matrix, n: number): Promise<Matrix | undefined> {
  const L = H.reverse();
  for (let begin = 0; begin < n; begin += PANEL) {
    const end = Math.min(begin + PANEL, n);
    if (begin > 0) await takeOut(gpu, L, n, begin, end);
    if (!factorPanel(L, n, begin, end)) return undefined;
  }
  // [column, row] of the inverse of L: what a product reads as its second factor.
  const inverse = new Float32Array(n * n);
  for (let begin = 0; begin < n; begin += PANEL) {
    await invertPanel(gpu, L, inverse, n, begin, Math.min(begin + PANEL, n));
  }
  // U is the inverse read from its end; transposed, since it is kept so.
  inverse.reverse();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      inverse[j * n + i] = inverse[i * n + j]!;
      inverse[i * n + j] = 0;
    }
  }
  return inverse;
}

/** Rows and columns of a matrix n wide, side by side. */
function cut(
  A: Matrix,
  n: number,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): Matrix {
  const width = right - left;
  const part = new Float32Array((bottom - top) * width);
  for (let i = top; i < bottom; i++) part.set(A.subarray(i * n + left, i * n + right), (i - top) * width);
  return part;
}

/** The panel's columns less Σ L[i, k] L[j, k] over all columns k before it. */
async function takeOut(gpu: Gpu, L: Matrix, n: number, begin: number, end: number): Promise<void> {
  const rows = cut(L, n, [begin, n], [0, begin]);
  const sums = await product(gpu, rows.subarray(0, (end - begin) * begin), rows, begin);
  for (let j = begin; j < end; j++) {
    for (let i = j; i < n; i++) L[i * n + j]! -= sums[(j - begin) * (n - begin) + i - begin]!;
  }
}

/** Cholesky's lower triangle in columns of L, from which all before them was taken out. False if there is none. */
function factorPanel(L: Matrix, n: number, begin: number, end: number): boolean {
  for (let i = begin; i < n; i++) {
    for (let j = begin; j < end && j <= i; j++) {
      let sum = L[i * n + j]!;
      for (let k = begin; k < j; k++) sum -= L[i * n + k]! * L[j * n + k]!;
      if (i > j) L[i * n + j] = sum / L[j * n + j]!;
      else if (sum > 0) L[i * n + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Rows of the inverse, [column, row]: row i is (eᵢ − Σ L[i, k] · row k) / L[i, i]. */
async function invertPanel(
  gpu: Gpu,
  L: Matrix,
  inverse: Matrix,
  n: number,
  begin: number,
  end: number,
): Promise<void> {
  const before = [0, begin] as const;
  const sums =
    begin > 0
      ? await product(gpu, cut(L, n, [begin, end], before), cut(inverse, n, before, before), begin)
      : [];
  for (let column = 0; column < end; column++) {
    for (let i = Math.max(begin, column); i < end; i++) {
      let sum = column < begin ? -sums[(i - begin) * begin + column]! : i === column ? 1 : 0;
      for (let k = Math.max(begin, column); k < i; k++) sum -= L[i * n + k]! * inverse[column * n + k]!;
      inverse[column * n + i] = sum / L[i * n + i]!;
    }
  }
}
