import type { Tensor } from '../../tensor/tensor.ts';
import type { InputStatistics } from './statistics.ts';

/** What quantizing a Linear layer lost, as shares: of its weights, and of its outputs on the inputs of a calibration. */
export interface LayerError {
  /** ‖W − Ŵ‖ / ‖W‖ */
  weight_error: number;
  /** ‖X(W − Ŵ)ᵀ‖ / ‖XWᵀ‖ */
  output_error: number;
}

/**
 * Compares a layer's weights [rows, columns] with those that arithmetic works with. What counts is the error of the
 * outputs: GPTQ makes the weights' own error larger, to make the outputs' smaller.
 */
export function layerError({ data, shape }: Tensor, computed: Tensor, statistics: Products): LayerError {
  const [rows, columns] = shape as [number, number];
  let [lost, all, lost_output, all_output] = [0, 0, 0, 0];
  const difference = new Float64Array(columns);
  for (let n = 0; n < rows; n++) {
    const weights = data.subarray(n * columns, (n + 1) * columns);
    for (let k = 0; k < columns; k++) {
      const d = weights[k]! - computed.data[n * columns + k]!;
      difference[k] = d;
      lost += d * d;
      all += weights[k]! ** 2;
    }
    lost_output += energy(difference, statistics);
    all_output += energy(weights, statistics);
  }
  return { weight_error: share(lost, all), output_error: share(lost_output, all_output) };
}

/** The root of a share, 0 of nothing: rounding may leave a little less than 0. */
const share = (part: number, whole: number): number => (whole > 0 ? Math.sqrt(Math.max(0, part) / whole) : 0);

/** Σ x xᵀ over inputs, [columns, columns]. */
export type Products = Pick<InputStatistics, 'columns' | 'gram'>;

/** Σ (x · w)² over the inputs: w G wᵀ, by half of the symmetric G. */
export function energy(w: ArrayLike<number>, { columns, gram }: Products): number {
  let sum = 0;
  for (let i = 0; i < columns; i++) {
    const at = i * columns;
    let inner = 0;
    for (let j = 0; j < i; j++) inner += gram[at + j]! * w[j]!;
    sum += w[i]! * (2 * inner + gram[at + i]! * w[i]!);
  }
  return sum;
}
