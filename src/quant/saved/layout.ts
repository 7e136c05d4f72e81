import { LabError } from '../../errors.ts';
import { decode, isQuantizable } from '../../tensor/dtype.ts';
import type { QuantConfig } from '../config.ts';
import type { QuantizedTensor } from '../quantized.ts';

/** Access to a checkpoint: the bytes of a tensor, undefined if there is none of that name. */
export interface SavedReader {
  dtypeOf(name: string): string | undefined;
  shapeOf(name: string): readonly number[] | undefined;
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** A configuration without the dtype it computes in: how weights are stored. */
export type Storage = QuantConfig extends infer C
  ? C extends { quant_type: 'none' }
    ? never
    : Omit<C, 'compute_dtype' | 'skip_modules'>
  : never;

/** How one tool stores the Linear layers that it quantized, under the settings of a checkpoint's config.json. */
export interface SavedLayout {
  /** The tool, as a sentence names it. */
  tool: string;
  /** The tensors of a quantized layer, by what stands behind its name. */
  parts: RegExp;
  /** Sentences about what the checkpoint asks for and a run does not do. */
  warnings: readonly string[];
  /** True if layers of one checkpoint may be stored in different ways. */
  mixes?: true;
  /** True if module `name` is stored so, and not as a float. */
  isQuantized(reader: SavedReader, name: string): boolean;
  /** How module `name` is stored, as a configuration. */
  storageOf(reader: SavedReader, name: string): Promise<Storage>;
  /**
   * Reads module `name` [rows, columns] as it was quantized; no code is recomputed.
   * @throws bad-quant-state naming the tensor that is missing or contradicts another.
   */
  read(reader: SavedReader, name: string, shape: readonly [number, number]): Promise<QuantizedTensor>;
}

/** The bytes of a tensor that a quantized layer must have. */
export async function requireBytes(
  reader: SavedReader,
  name: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await reader.read(name);
  if (!bytes) throw new LabError('bad-quant-state', `${name} is missing; a quantized layer needs it.`);
  if (bytes.length === length) return bytes;
  throw new LabError(
    'bad-quant-state',
    `${name} has ${bytes.length} bytes; its layer's shape makes it ${length}.`,
  );
}

/** The 32-bit words of a tensor. */
export const requireWords = async (
  reader: SavedReader,
  name: string,
  count: number,
): Promise<Uint32Array<ArrayBuffer>> =>
  new Uint32Array((await requireBytes(reader, name, 4 * count)).slice().buffer);

/** The numbers of a tensor of floats, as float32. */
export async function requireFloats(
  reader: SavedReader,
  name: string,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  const dtype = reader.dtypeOf(name);
  if (dtype !== undefined && !isQuantizable(dtype)) {
    throw new LabError('bad-quant-state', `${name} is ${dtype}; allowed: F32, F16, BF16.`);
  }
  const bytes = await requireBytes(reader, name, count * (dtype === 'F32' ? 4 : 2));
  return decode(dtype ?? 'F32', bytes);
}

/** The nibble `i` of a word, the lowest first. */
export const nibbleOf = (word: number, i: number): number => (word >>> (4 * i)) & 15;

/** @throws unsupported-quantization naming the setting, its value, and what is opened. */
export function refuseSetting(tool: string, key: string, value: unknown, opened: string): never {
  throw new LabError(
    'unsupported-quantization',
    `config.json: quantization_config of ${tool} has ${key}: ${JSON.stringify(value)}; Nibble opens ${opened}.`,
  );
}
