import { openArena, type Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { PIECE_BYTES } from '../gpu/device/limits.ts';
import { loadMatrix, storeAs, uploadQuantized, type Storing } from '../gpu/matrix/load_matrix.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import { cpuRoom } from '../gpu/matrix/cpu_room.ts';
import { rowBytes, type StoredMatrix } from '../gpu/matrix/stored_matrix.ts';
import { skippedModules, type QuantConfig } from '../quant/config.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import { findTensor, readWeight, readWeightRows, type Checkpoint } from '../tensor/checkpoint.ts';
import { loadLora, type Adapter } from './lora.ts';
import { isSkipped, type LinearModule } from './modules.ts';
import { readAhead } from './read_ahead.ts';
import { readsOf, storedMatrix, transposedMatrix } from './stored_tensors.ts';
import type { SharedWeights } from './shared_weights.ts';
import { savedParts, savedReader } from './stored_quant.ts';
import { requireTensor, type ModelTensor, type ModelTensors } from './tensors.ts';

/** y = x · matrixᵀ + bias. */
export interface Linear {
  matrix: DeviceMatrix;
  bias: GPUBuffer | undefined;
  /** A LoRA adapter on top: y += (x · Aᵀ) · Bᵀ, its scaling within B. */
  lora?: { A: DeviceMatrix; B: DeviceMatrix };
}

/** Brings the tensors of a checkpoint to the device one by one, each by what it is. */
export interface Loader {
  /** Of what is this configuration's own. */
  readonly arena: Arena;
  /** A matrix as it is stored: an embedding, a language-model head. */
  table(tensor: ModelTensor): Promise<DeviceMatrix>;
  /** A vector in float32, of one tensor or of several one behind the other, with `plus` added to each value. */
  vector(tensors: readonly ModelTensor[], plus?: number): Promise<GPUBuffer>;
  /** A vector of one value, for parameters that a checkpoint leaves out. */
  constant(value: number, length: number): Promise<GPUBuffer>;
  /** A Linear layer: as the checkpoint has quantized it, or under the configuration. */
  linear(module: LinearModule): Promise<Linear>;
  /** Bytes of the Linear layers so far, scales and codes included. */
  linearBytes(): number;
  /** Waits until nothing is read any more. */
  end(): Promise<void>;
}

export type Progress = (bytesDone: number, bytesTotal: number) => void;

export interface LoaderOptions {
  onProgress: Progress;
  adapter: Adapter | undefined;
  /** How Linear layers are stored that the checkpoint has quantized. */
  layout: SavedLayout | undefined;
  /** Where the weights lie that no configuration changes. */
  shared: SharedWeights;
}

/** Of matrices that are not quantized. */
const AS_STORED: Storing = { config: { quant_type: 'none', compute_dtype: 'float32' }, room: cpuRoom() };

/**
 * A loader under a configuration. Matrices are read a piece at a time in the order of `tensors`, the next piece while the
 * one before is on its way to the device; what the shared weights have already is not read again.
 * Its methods throw missing-tensor or bad-config when checkpoint and config.json disagree, unsupported-dtype,
 * non-finite-weights, out-of-memory.
 */
export async function openLoader(
  gpu: Gpu,
  checkpoint: Checkpoint,
  quant: QuantConfig,
  tensors: ModelTensors,
  { onProgress, adapter, layout, shared }: LoaderOptions,
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

  const isReady = ({ name }: LinearModule): boolean => layout?.isQuantized(saved, name) === true;
  const storingOf = ({ name }: LinearModule): Storing =>
    isSkipped(name, skippedModules(quant)) ? AS_STORED : storing;

  const plan = readsOf(gpu, checkpoint, tensors, {
    table: ({ name }) => (shared.has(name) ? undefined : AS_STORED),
    linear: (module) => (isReady(module) ? undefined : storingOf(module)),
  });
  const ahead = readAhead(plan, (name, first, end, room) =>
    readWeightRows(checkpoint, name, first, end, room),
  );

  /** The device frees what passed through it only once it is done with it: it may be one piece behind, no more. */
  let taken = Promise.resolve();
  let passed = 0;
  async function keepUp(bytes: number): Promise<void> {
    passed += bytes;
    if (passed < PIECE_BYTES) return;
    passed = 0;
    const before = taken;
    // A loss is told by whoever allocates or reads back next.
    taken = gpu.device.queue.onSubmittedWorkDone().catch(() => undefined);
    await before;
  }

  function storedLinear({ name, rows, columns, conv1d }: LinearModule): StoredMatrix {
    const tensor = { name: `${name}.weight`, shape: [rows, columns] };
    return conv1d ? transposedMatrix(checkpoint, tensor) : storedMatrix(checkpoint, tensor, ahead.read);
  }

  async function matrix(into: Arena, stored: StoredMatrix, as: Storing): Promise<DeviceMatrix> {
    const size = rowBytes(stored);
    const keepingUp: StoredMatrix = {
      ...stored,
      async read(begin, end) {
        await keepUp((end - begin) * size);
        return stored.read(begin, end);
      },
    };
    return loadMatrix(into, keepingUp, as);
  }

  async function vector(into: Arena, parts: readonly ModelTensor[], plus: number): Promise<GPUBuffer> {
    const values: Float32Array[] = [];
    for (const { name, shape } of parts) {
      requireTensor(checkpoint, { name, shape });
      values.push((await readWeight(checkpoint, name)).data);
    }
    const whole = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of values) {
      whole.set(part, at);
      at += part.length;
    }
    return into.upload(plus === 0 ? whole : whole.map((value) => value + plus), parts[0]!.name);
  }

  async function vectorOnce(parts: readonly ModelTensor[], plus = 0): Promise<GPUBuffer> {
    const name = `${parts.map(({ name }) => name).join(' ')} + ${plus}`;
    const buffer = await shared.once(name, (into) => vector(into, parts, plus));
    for (const part of parts) advance(part.name);
    return buffer;
  }

  async function linearMatrix(module: LinearModule): Promise<DeviceMatrix> {
    const { name, rows, columns } = module;
    if (isReady(module)) {
      const quantized = await layout!.read(saved, name, [rows, columns]);
      const parts = savedParts(checkpoint, layout!, name);
      for (const part of parts) await keepUp(sizeOf(findTensor(checkpoint, part).info.data_offsets));
      parts.forEach(advance);
      return uploadQuantized(arena, name, quantized);
    }
    const loaded = await matrix(arena, storedLinear(module), storingOf(module));
    advance(`${name}.weight`);
    return loaded;
  }

  return {
    arena,
    vector: vectorOnce,
    constant: (value, length) =>
      shared.once(`${length} times ${value}`, (into) =>
        into.upload(new Float32Array(length).fill(value), `all ${value}`),
      ),
    async table(tensor) {
      const { name } = tensor;
      const table = await shared.once(name, (into) =>
        matrix(into, storedMatrix(checkpoint, tensor, ahead.read), AS_STORED),
      );
      advance(name);
      return table;
    },
    async linear(module) {
      const { name, rows, bias } = module;
      const before = arena.bytes;
      const loaded = await linearMatrix(module);
      linear_bytes += arena.bytes - before;
      const lora = adapter && (await loadLora(arena, adapter, module));
      return {
        matrix: loaded,
        bias: bias ? await vectorOnce([{ name: `${name}.bias`, shape: [rows] }]) : undefined,
        ...(lora ? { lora } : {}),
      };
    },
    linearBytes: () => linear_bytes,
    end: () => ahead.end(),
  };
}

const sizeOf = ([begin, end]: readonly [number, number]): number => end - begin;
