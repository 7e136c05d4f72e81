import { openArena, type Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { PIECE_BYTES } from '../gpu/device/limits.ts';
import { loadMatrix, storeAs, uploadQuantized, type Storing } from '../gpu/matrix/load_matrix.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import { openTables } from '../gpu/matrix/tables.ts';
import { cpuRoom } from '../gpu/matrix/cpu_room.ts';
import { rowBytes, type StoredMatrix } from '../gpu/matrix/stored_matrix.ts';
import type { QuantConfig } from '../quant/config.ts';
import { layerConfig, layerConfigs } from '../quant/layers.ts';
import type { PlainBlockwise4bit, QuantizedTensor } from '../quant/quantized.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import { findTensor, readWeight, readWeightRows, type Checkpoint } from '../tensor/checkpoint.ts';
import { loadLora, type Adapter } from './lora.ts';
import type { LinearModule } from './modules.ts';
import { readAhead } from './read_ahead.ts';
import { readsOf, storedMatrix, transposedMatrix, type TensorsInOrder } from './stored_tensors.ts';
import type { SharedWeights } from './shared_weights.ts';
import { savedParts, savedReader } from './stored_quant.ts';
import { requireTensor, type ModelTensor } from './tensors.ts';
import { joinFloats } from '../tensor/concatenate.ts';

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
  /** Of what is this configuration's own. */
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
  /** Waits until nothing is read any more. */
  end(): Promise<void>;
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
  /** Linear layers come from calibration, which reads their weights by itself. */
  calibrated: boolean;
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
  tensors: TensorsInOrder,
  { onProgress, adapter, layout, shared, calibrated }: LoaderOptions,
): Promise<Loader> {
  const arena = openArena(gpu);
  const storings = new Map<string, Storing>();
  for (const config of layerConfigs(quant)) {
    const key = JSON.stringify(config);
    if (!storings.has(key)) storings.set(key, await storeAs(arena, config));
  }
  const tables = openTables(arena);
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
  const storingOf = ({ aliases }: LinearModule): Storing =>
    storings.get(JSON.stringify(layerConfig(quant, aliases)))!;

  const plan = readsOf(gpu, checkpoint, tensors, {
    table: ({ name }) => (shared.has(name) ? undefined : AS_STORED),
    linear: (module) => (calibrated || isReady(module) ? undefined : storingOf(module)),
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
    return (conv1d ? transposedMatrix : storedMatrix)(checkpoint, tensor, ahead.read);
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

  async function vector(
    into: Arena,
    parts: readonly ModelTensor[],
    plus: number,
    by?: Float64Array<ArrayBuffer>,
  ): Promise<GPUBuffer> {
    const values: Float32Array[] = [];
    for (const { name, shape } of parts) {
      requireTensor(checkpoint, { name, shape });
      values.push((await readWeight(checkpoint, name)).data);
    }
    const whole = joinFloats(values);
    const added = plus === 0 ? whole : whole.map((value) => value + plus);
    return into.upload(by ? added.map((value, i) => value / by[i]!) : added, parts[0]!.name);
  }

  async function vectorOnce(parts: readonly ModelTensor[], plus = 0, made?: MadeLayer): Promise<GPUBuffer> {
    const name = `${parts.map(({ name }) => name).join(' ')} + ${plus}`;
    const by = made?.divisors.get(parts[0]!.name);
    // What calibration divides is this configuration's own.
    const buffer = by
      ? await vector(arena, parts, plus, by)
      : await shared.once(name, (into) => vector(into, parts, plus));
    for (const part of parts) advance(part.name);
    return buffer;
  }

  async function linearMatrix(
    module: LinearModule,
    made: MadeLayer | undefined,
  ): Promise<Pick<Linear, 'matrix' | 'order'>> {
    const { name, rows, columns } = module;
    const ready = made?.linears.get(name);
    if (ready) {
      advance(`${name}.weight`);
      return upload(name, ready);
    }
    if (isReady(module)) {
      const quantized = await layout!.read(saved, name, [rows, columns]);
      const parts = savedParts(checkpoint, layout!, name);
      for (const part of parts) await keepUp(sizeOf(findTensor(checkpoint, part).info.data_offsets));
      parts.forEach(advance);
      return upload(name, quantized);
    }
    const loaded = await matrix(arena, storedLinear(module), storingOf(module));
    advance(`${name}.weight`);
    return { matrix: loaded };
  }

  async function upload(name: string, quantized: QuantizedTensor): Promise<Pick<Linear, 'matrix' | 'order'>> {
    const matrix = await uploadQuantized(arena, name, quantized, tables);
    if (!('order' in quantized) || !quantized.order) return { matrix };
    return { matrix, order: await arena.upload(quantized.order, `${name} order`) };
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
    async linear(module, made) {
      const { name, rows, bias } = module;
      const before = arena.bytes;
      const loaded = await linearMatrix(module, made);
      linear_bytes += arena.bytes - before;
      const lora = adapter && (await loadLora(arena, adapter, module));
      return {
        ...loaded,
        bias: bias ? await vectorOnce([{ name: `${name}.bias`, shape: [rows] }], 0, made) : undefined,
        ...(lora ? { lora } : {}),
      };
    },
    linearBytes: () => linear_bytes,
    end: () => ahead.end(),
  };
}

const sizeOf = ([begin, end]: readonly [number, number]): number => end - begin;
