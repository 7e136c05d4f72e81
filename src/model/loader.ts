import { LabError } from '../errors.ts';
import { openArena, type Arena } from '../gpu/buffers.ts';
import type { Gpu } from '../gpu/device.ts';
import { loadMatrix, storeAs, type Storing } from '../gpu/load_matrix.ts';
import type { DeviceMatrix, StoredMatrix } from '../gpu/matrix.ts';
import type { QuantConfig } from '../quant/config.ts';
import {
  findTensor,
  readWeight,
  readWeightBytes,
  readWeightRows,
  type Checkpoint,
} from '../tensor/checkpoint.ts';
import { isQuantizable, type QuantizableDtype } from '../tensor/dtype.ts';

/** y = x · matrixᵀ + bias. */
export interface Linear {
  matrix: DeviceMatrix;
  bias: GPUBuffer | undefined;
  /** A LoRA adapter on top: y += (x · Aᵀ) · Bᵀ, its scaling within B. */
  lora?: { A: DeviceMatrix; B: DeviceMatrix };
}

/** Brings the tensors of a checkpoint to the device one by one, each by what it is. */
export interface Loader {
  readonly arena: Arena;
  /** A matrix as it is stored: an embedding, a language-model head. */
  table(name: string, rows: number, columns: number): Promise<DeviceMatrix>;
  /** A vector, in float32. */
  vector(name: string, length: number): Promise<GPUBuffer>;
  /** A Linear layer, under the configuration; `conv1d` is stored transposed, [columns, rows]. */
  linear(
    name: string,
    rows: number,
    columns: number,
    options: { bias: boolean; conv1d?: boolean },
  ): Promise<Linear>;
  /** Bytes of the Linear layers so far, scales and codes included. */
  linearBytes(): number;
}

export type Progress = (bytesDone: number, bytesTotal: number) => void;

/** What is not quantized. */
const AS_STORED: Storing = { config: { quant_type: 'none', compute_dtype: 'float32' } };

/**
 * A loader under a configuration.
 * Its methods throw missing-tensor or bad-config when checkpoint and config.json disagree, unsupported-dtype,
 * non-finite-weights, out-of-memory.
 */
export async function openLoader(
  gpu: Gpu,
  checkpoint: Checkpoint,
  quant: QuantConfig,
  onProgress: Progress,
): Promise<Loader> {
  const arena = openArena(gpu);
  const storing = await storeAs(arena, quant);
  let linear_bytes = arena.bytes;
  let done = 0;
  const total = [...checkpoint.tensors.values()].reduce(
    (sum, { info }) => sum + sizeOf(info.data_offsets),
    0,
  );
  const advance = (name: string): void => {
    done += sizeOf(findTensor(checkpoint, name).info.data_offsets);
    onProgress(done, total);
  };

  async function matrix(stored: StoredMatrix, as: Storing): Promise<DeviceMatrix> {
    const loaded = await loadMatrix(arena, stored, as);
    advance(stored.name);
    return loaded;
  }

  async function vector(name: string, length: number): Promise<GPUBuffer> {
    requireShape(checkpoint, name, [length]);
    const { data } = await readWeight(checkpoint, name);
    advance(name);
    return arena.upload(data, name);
  }

  return {
    arena,
    vector,
    table: (name, rows, columns) => matrix(storedMatrix(checkpoint, name, rows, columns), AS_STORED),
    async linear(name, rows, columns, { bias, conv1d }) {
      const describe = conv1d ? transposedMatrix : storedMatrix;
      const before = arena.bytes;
      const loaded = await matrix(describe(checkpoint, `${name}.weight`, rows, columns), storing);
      linear_bytes += arena.bytes - before;
      return { matrix: loaded, bias: bias ? await vector(`${name}.bias`, rows) : undefined };
    },
    linearBytes: () => linear_bytes,
  };
}

function storedMatrix(checkpoint: Checkpoint, name: string, rows: number, columns: number): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [rows, columns]);
  return { name, rows, columns, dtype, read: (begin, end) => readWeightRows(checkpoint, name, begin, end) };
}

/** A matrix whose file holds its transpose: GPT-2's Conv1D layers. */
function transposedMatrix(checkpoint: Checkpoint, name: string, rows: number, columns: number): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [columns, rows]);
  const size = dtype === 'F32' ? 4 : 2;
  return {
    name,
    rows,
    columns,
    dtype,
    async read(begin, end) {
      const stored = await readWeightBytes(checkpoint, name);
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
  requireShape(checkpoint, name, shape);
  const { dtype } = findTensor(checkpoint, name).info;
  if (isQuantizable(dtype)) return dtype;
  throw new LabError('unsupported-dtype', `Tensor ${name} is ${dtype}; supported: F32, F16, BF16.`);
}

function requireShape(checkpoint: Checkpoint, name: string, shape: readonly number[]): void {
  const found = findTensor(checkpoint, name).info.shape;
  if (found.length === shape.length && found.every((d, i) => d === shape[i])) return;
  throw new LabError(
    'bad-config',
    `Tensor ${name} is [${found.join(', ')}]; config.json makes it [${shape.join(', ')}].`,
  );
}

const sizeOf = ([begin, end]: readonly [number, number]): number => end - begin;
