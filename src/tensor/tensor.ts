/** A tensor decoded to float32. `data` is row-major; a weight of a Linear is [out, in]. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
}

/** The number of elements of a shape; a scalar's is 1. `elements([2, 3])` is 6. */
export const elements = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** A matrix with rows and columns exchanged: `transposed` of [[1, 2, 3]] is [[1], [2], [3]]. */
export function transposed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) turned[j * rows + i] = data[i * columns + j]!;
  }
  return { shape: [columns, rows], data: turned };
}
