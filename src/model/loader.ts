import { LabError } from '../errors.ts';
import { openArena, type Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { loadMatrix, storeAs, uploadQuantized, type Storing } from '../gpu/matrix/load_matrix.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import type { StoredMatrix } from '../gpu/matrix/stored_matrix.ts';
import { skippedModules, type QuantConfig } from '../quant/config.ts';
import type { PlainBlockwise4bit, QuantizedTensor } from '../quant/quantized.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import {
  findTensor,
  readWeight,
  readWeightBytes,
  readWeightRows,
  type Checkpoint,
} from '../tensor/checkpoint.ts';
import { isQuantizable, type QuantizableDtype } from '../tensor/dtype.ts';
import { loadLora, type Adapter } from './lora.ts';
import { isSkipped, type LinearModule } from './modules.ts';
import { savedParts, savedReader } from './stored_quant.ts';
import { requireTensor, type ModelTensor } from './tensors.ts';

/** y = x · matrixᵀ + bias. */
export interface Linear {
  matrix: DeviceMatrix;
  bias: GPUBuffer | undefined;
  /** [columns] The columns of x in the order that the matrix has them, where it has another than x. */
  order?: GPUBuffer | undefined;
  /** A LoRA adapter on top: y += (x · Aᵀ) · Bᵀ, its scaling within B. */
  lora?: { A: DeviceMatrix; B: DeviceMatrix };
}

/** Brings the tensors of a checkpoint to the device one by one, each by what it is. */
export interface Loader {
  readonly arena: Arena;
  /** A matrix as it is stored: an embedding, a language-model head. */
  table(tensor: ModelTensor): Promise<DeviceMatrix>;
  /**
   * A vector in float32, of one tensor or of several one behind the other, with `plus` added to each value, and divided as
   * its layer was calibrated.
   */
  vector(tensors: readonly ModelTensor[], plus?: number, made?: MadeLayer): Promise<GPUBuffer>;
  /** A vector of one value, for parameters that a checkpoint leaves out. */
  constant(value: number, length: number): Promise<GPUBuffer>;
  /** A Linear layer: as the checkpoint has quantized it, as it was calibrated, or under the configuration. */
  linear(module: LinearModule, made?: MadeLayer): Promise<Linear>;
  /** Bytes of the Linear layers so far, scales and codes included. */
  linearBytes(): number;
}

/** How a Linear layer's weights were changed before they were quantized. */
export interface Scaled {
  inputs?: Float64Array<ArrayBuffer> | undefined;
  rows?: Float64Array<ArrayBuffer> | undefined;
}

/** A block's layers that calibration has quantized. */
export interface MadeLayer {
  /** Linear layers by their path. */
  linears: ReadonlyMap<string, PlainBlockwise4bit>;
  /** What the values of other tensors are divided by, by the tensor's name: what the layers behind are scaled up by. */
  divisors: ReadonlyMap<string, Float64Array<ArrayBuffer>>;
  /** By a Linear layer's path: what its inputs' weights were scaled up by, [columns], and its rows divided by, [rows]. */
  scaled: ReadonlyMap<string, Scaled>;
}

export type Progress = (bytesDone: number, bytesTotal: number) => void;

export interface LoaderOptions {
  onProgress: Progress;
  adapter: Adapter | undefined;
  /** How Linear layers are stored that the checkpoint has quantized. */
  layout: SavedLayout | undefined;
}

/** Bytes of a checkpoint that may be on their way to the device before it is waited for. */
const AHEAD_BYTES = 32 * 1024 * 1024;

/** Of matrices that are not quantized. */
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
  { onProgress, adapter, layout }: LoaderOptions,
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

  const saved = savedReader(checkpoint);

  /** Lets the device come after: it frees what passed through it only once it is done with it. */
  let ahead = 0;
  async function keepUp(name: string): Promise<void> {
    ahead += sizeOf(findTensor(checkpoint, name).info.data_offsets);
    if (ahead < AHEAD_BYTES) return;
    ahead = 0;
    await gpu.device.queue.onSubmittedWorkDone();
  }

  async function matrix(stored: StoredMatrix, as: Storing): Promise<DeviceMatrix> {
    const loaded = await loadMatrix(arena, stored, as);
    advance(stored.name);
    await keepUp(stored.name);
    return loaded;
  }

  async function vector(parts: readonly ModelTensor[], plus = 0, made?: MadeLayer): Promise<GPUBuffer> {
    const values: Float32Array[] = [];
    for (const { name, shape } of parts) {
      requireTensor(checkpoint, { name, shape });
      values.push((await readWeight(checkpoint, name)).data);
      advance(name);
    }
    const whole = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of values) {
      whole.set(part, at);
      at += part.length;
    }
    const by = made?.divisors.get(parts[0]!.name);
    const added = plus === 0 ? whole : whole.map((value) => value + plus);
    return arena.upload(by ? added.map((value, i) => value / by[i]!) : added, parts[0]!.name);
  }

  async function linearMatrix(
    { name, rows, columns, conv1d }: LinearModule,
    made: MadeLayer | undefined,
  ): Promise<Pick<Linear, 'matrix' | 'order'>> {
    const ready = made?.linears.get(name);
    if (ready) {
      advance(`${name}.weight`);
      return upload(name, ready);
    }
    if (layout?.isQuantized(saved, name)) {
      const quantized = await layout.read(saved, name, [rows, columns]);
      savedParts(checkpoint, layout, name).forEach(advance);
      return upload(name, quantized);
    }
    const describe = conv1d ? transposedMatrix : storedMatrix;
    const as = isSkipped(name, skippedModules(quant)) ? AS_STORED : storing;
    return { matrix: await matrix(describe(checkpoint, `${name}.weight`, rows, columns), as) };
  }

  async function upload(name: string, quantized: QuantizedTensor): Promise<Pick<Linear, 'matrix' | 'order'>> {
    const matrix = await uploadQuantized(arena, name, quantized);
    if (!('order' in quantized) || !quantized.order) return { matrix };
    return { matrix, order: await arena.upload(quantized.order, `${name} order`) };
  }

  return {
    arena,
    vector,
    constant: (value, length) => arena.upload(new Float32Array(length).fill(value), `all ${value}`),
    table: ({ name, shape: [rows, columns] }) =>
      matrix(storedMatrix(checkpoint, name, rows!, columns!), AS_STORED),
    async linear(module, made) {
      const { name, rows, bias } = module;
      const before = arena.bytes;
      const loaded = await linearMatrix(module, made);
      linear_bytes += arena.bytes - before;
      const lora = adapter && (await loadLora(arena, adapter, module));
      return {
        ...loaded,
        bias: bias ? await vector([{ name: `${name}.bias`, shape: [rows] }], 0, made) : undefined,
        ...(lora ? { lora } : {}),
      };
    },
    linearBytes: () => linear_bytes,
  };
}

function storedMatrix(checkpoint: Checkpoint, name: string, rows: number, columns: number): StoredMatrix {
  const dtype = requireMatrix(checkpoint, name, [rows, columns]);
  return { name, rows, columns, dtype, read: (begin, end) => readWeightRows(checkpoint, name, begin, end) };
}

/** A matrix whose file holds its transpose: any of its rows lie all over the file, which is read once for all of them. */
function transposedMatrix(checkpoint: Checkpoint, name: string, rows: number, columns: number): StoredMatrix {
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

const sizeOf = ([begin, end]: readonly [number, number]): number => end - begin;
