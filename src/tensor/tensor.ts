/** A tensor decoded to float32. `data` is row-major; a weight of a Linear is [out, in]. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

/** The number of elements of a shape; a scalar's is 1. `elements([2, 3])` is 6. */
export const elements = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
