import { LabError } from '../errors.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { piecesToRead, type Storing } from '../gpu/matrix/load_matrix.ts';
import { dtypeBytes } from '../gpu/kernels/stored.ts';
import { PIECE_BYTES } from '../gpu/device/limits.ts';
import { rangesWithin, type RowRange } from '../gpu/matrix/parts.ts';
import { rowBytes, type StoredMatrix } from '../gpu/matrix/stored_matrix.ts';
import { findTensor, type Checkpoint } from '../tensor/checkpoint.ts';
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

/**
 * A matrix whose file holds its transpose, as of Conv1D: any of its rows lie all over the file, which is therefore read
 * once from end to end, by the pieces of `storedPieces`, and turned while the next piece is on its way.
 * @throws as storedMatrix.
 */
export function transposedMatrix(
  checkpoint: Checkpoint,
  { name, shape: [rows = 0, columns = 0] }: ModelTensor,
  read: (name: string, begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>,
): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [columns, rows]);
  const size = dtypeBytes(dtype);
  let whole: Promise<Uint8Array<ArrayBuffer>> | undefined;

  async function turn(): Promise<Uint8Array<ArrayBuffer>> {
    const Elements = size === 4 ? Uint32Array : Uint16Array;
    const turned = new Elements(rows * columns);
    for (const { first_row, rows: some } of storedPieces([columns, rows], size)) {
      const bytes = await read(name, first_row, first_row + some);
      const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
      const stored = new Elements(aligned.buffer, aligned.byteOffset, some * rows);
      for (let i = 0; i < some; i++) {
        const column = first_row + i;
        for (let row = 0; row < rows; row++) turned[row * columns + column] = stored[i * rows + row]!;
      }
    }
    return new Uint8Array(turned.buffer);
  }

  return {
    name,
    rows,
    columns,
    dtype,
    async read(begin, end) {
      const bytes = await (whole ??= turn());
      return bytes.subarray(begin * columns * size, end * columns * size);
    },
  };
}

/** The rows of a stored tensor that are read at a time where all of it is wanted before any of it. */
const storedPieces = ([rows, columns]: readonly [number, number], size: number): RowRange[] =>
  rangesWithin(PIECE_BYTES, rows, columns * size);

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
    return piecesToRead(gpu, stored, storing).map((range) => pieceOf(stored.name, range, rowBytes(stored)));
  };
  const turnedPieces = (tensor: ModelTensor, storing: Storing | undefined): Piece[] => {
    if (!storing || !isMatrix(checkpoint, tensor)) return [];
    const [stored_rows = 0, stored_columns = 0] = tensor.shape;
    const size = dtypeBytes(requireMatrix(checkpoint, tensor.name, tensor.shape));
    return storedPieces([stored_rows, stored_columns], size).map((range) =>
      pieceOf(tensor.name, range, stored_columns * size),
    );
  };
  const ofTable = (tensor: ModelTensor | undefined) => pieces(tensor, tensor && table(tensor));
  const ofLinear = (module: LinearModule): Piece[] => {
    const { name, rows, columns, conv1d } = module;
    const storing = linear(module);
    return conv1d
      ? turnedPieces({ name: `${name}.weight`, shape: [columns, rows] }, storing)
      : pieces({ name: `${name}.weight`, shape: [rows, columns] }, storing);
  };
  return [
    ...ofTable(embedding),
    ...ofTable(positions),
    ...layers.flatMap(({ linears }) => linears.flatMap(ofLinear)),
    ...ofTable(head),
  ];
}

const pieceOf = (name: string, { first_row, rows }: RowRange, row_bytes: number): Piece => ({
  name,
  first_row,
  end_row: first_row + rows,
  bytes: rows * row_bytes,
});

function isMatrix(checkpoint: Checkpoint, { name, shape }: ModelTensor): boolean {
  const info = checkpoint.tensors.get(name)?.info;
  return info !== undefined && isQuantizable(info.dtype) && info.shape.join() === shape.join();
}
