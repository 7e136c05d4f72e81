import { LabError } from '../errors.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { piecesToRead, type Storing } from '../gpu/matrix/load_matrix.ts';
import { rowBytes, type StoredMatrix } from '../gpu/matrix/stored_matrix.ts';
import { findTensor, readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import { isQuantizable, type QuantizableDtype } from '../tensor/dtype.ts';
import type { LinearModule } from './modules.ts';
import type { Piece } from './read_ahead.ts';
import { requireTensor, type ModelTensor, type ModelTensors } from './tensors.ts';

/**
 * A matrix of a checkpoint whose rows lie one behind the other.
 * @throws missing-tensor, bad-config where it has another shape, unsupported-dtype.
 */
export function storedMatrix(
  checkpoint: Checkpoint,
  { name, shape: [rows = 0, columns = 0] }: ModelTensor,
  read: (name: string, begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>,
): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [rows, columns]);
  return { name, rows, columns, dtype, read: (begin, end) => read(name, begin, end) };
}

/** A matrix whose file holds its transpose: any of its rows lie all over the file, which is read once for all of them. */
export function transposedMatrix(
  checkpoint: Checkpoint,
  { name, shape: [rows = 0, columns = 0] }: ModelTensor,
): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [columns, rows]);
  const size = dtype === 'F32' ? 4 : 2;
  let whole: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    name,
    rows,
    columns,
    dtype,
    async read(begin, end) {
      const stored = await (whole ??= readWeightBytes(checkpoint, name));
      const bytes = new Uint8Array((end - begin) * columns * size);
      for (let row = begin; row < end; row++) {
        for (let column = 0; column < columns; column++) {
          const from = (column * rows + row) * size;
          const to = ((row - begin) * columns + column) * size;
          for (let byte = 0; byte < size; byte++) bytes[to + byte] = stored[from + byte]!;
        }
      }
      return bytes;
    },
  };
}

function requireMatrix(checkpoint: Checkpoint, name: string, shape: readonly number[]): QuantizableDtype {
  requireTensor(checkpoint, { name, shape });
  const { dtype } = findTensor(checkpoint, name).info;
  if (isQuantizable(dtype)) return dtype;
  throw new LabError('unsupported-dtype', `Tensor ${name} is ${dtype}; supported: F32, F16, BF16.`);
}

/** How a tensor will be brought to the device; undefined where it is not read, or as something else than rows. */
export interface ReadPlan {
  table: (tensor: ModelTensor) => Storing | undefined;
  linear: (module: LinearModule) => Storing | undefined;
}

/** The matrices that are loaded: a model's, or some of its blocks' alone. */
export type TensorsInOrder = Pick<ModelTensors, 'layers'> &
  Partial<Pick<ModelTensors, 'embedding' | 'positions' | 'head'>>;

/** The rows that loading a model reads at a time, in its order, as far as they are known before. */
export function readsOf(
  gpu: Gpu,
  checkpoint: Checkpoint,
  { embedding, positions, layers, head }: TensorsInOrder,
  { table, linear }: ReadPlan,
): Piece[] {
  const pieces = (tensor: ModelTensor | undefined, storing: Storing | undefined): Piece[] => {
    // What is missing or wrong is refused when it is its turn.
    if (!tensor || !storing || !isMatrix(checkpoint, tensor)) return [];
    const stored = storedMatrix(checkpoint, tensor, () => Promise.reject(new Error('only described')));
    const size = rowBytes(stored);
    return piecesToRead(gpu, stored, storing).map(({ first_row, rows }) => ({
      name: stored.name,
      first_row,
      end_row: first_row + rows,
      bytes: rows * size,
    }));
  };
  const ofTable = (tensor: ModelTensor | undefined) => pieces(tensor, tensor && table(tensor));
  const ofLinear = (module: LinearModule): Piece[] => {
    const { name, rows, columns, conv1d } = module;
    return conv1d ? [] : pieces({ name: `${name}.weight`, shape: [rows, columns] }, linear(module));
  };
  return [
    ...ofTable(embedding),
    ...ofTable(positions),
    ...layers.flatMap(({ linears }) => linears.flatMap(ofLinear)),
    ...ofTable(head),
  ];
}

function isMatrix(checkpoint: Checkpoint, { name, shape }: ModelTensor): boolean {
  const info = checkpoint.tensors.get(name)?.info;
  return info !== undefined && isQuantizable(info.dtype) && info.shape.join() === shape.join();
}
