import { LabError } from '../../errors.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { MIDPOINTS } from '../../quant/double_quant.ts';
import { DYNAMIC_MAP } from '../../quant/dynamic_map.ts';
import { codebookOf, quantize, requireGroups, type Quantizing } from '../../quant/quantize.ts';
import type { QuantizedTensor } from '../../quant/quantized.ts';
import { decode } from '../../tensor/dtype.ts';
import type { Arena } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { loadBlockwise, uploadBlockwise, type SharedCodes } from './blockwise.ts';
import { uploadBytes } from './byte_codes.ts';
import { cpuRoom, type CpuRoom } from './cpu_room.ts';
import { loadFloat } from './float.ts';
import { loadInt8 } from './int8.ts';
import { loadLlmInt8, uploadLlmInt8 } from './llm_int8.ts';
import type { DeviceMatrix } from './matrix.ts';
import { blockStep, type RowRange } from './parts.ts';
import { openTables, type Tables } from './tables.ts';
import { copyStep, piecesOf, readFinite, rowBytes, rowRanges, type StoredMatrix } from './stored_matrix.ts';

/** A configuration, and what all of its matrices share: on the device the codes, or room for the CPU to quantize in. */
export type Storing =
  | { config: Exclude<QuantConfig, Blockwise>; room: CpuRoom; tables?: Tables }
  | { config: Blockwise; codes: SharedCodes };

type Blockwise = Extract<QuantConfig, { double_quant: boolean }>;

/** Readies a configuration for loadMatrix. */
export async function storeAs(arena: Arena, config: QuantConfig): Promise<Storing> {
  if (!('double_quant' in config)) return { config, room: cpuRoom(), tables: openTables(arena) };
  const book = codebookOf(config);
  const code = await arena.upload(book.code, 'code');
  if (!config.double_quant) return { config, codes: { book, code } };
  const nested = {
    code: await arena.upload(DYNAMIC_MAP, 'nested code'),
    midpoints: await arena.upload(MIDPOINTS, 'nested thresholds'),
  };
  return { config, codes: { book, code, nested } };
}

/**
 * Brings a matrix to the device under a configuration: rows are read, checked, quantized and forgotten, a piece at a
 * time, in the order of `piecesToRead`. Its buffers are the arena's.
 * @throws non-finite-weights naming the tensor and element; bad-spec where its rows are no multiple of the format's
 * groups; out-of-memory, device-lost.
 */
export async function loadMatrix(
  arena: Arena,
  stored: StoredMatrix,
  storing: Storing,
): Promise<DeviceMatrix> {
  if ('codes' in storing) return loadBlockwise(arena, stored, storing.config, storing.codes);
  const { config, room, tables } = storing;
  switch (config.quant_type) {
    case 'none':
      return loadFloat(arena, stored);
    case 'int8':
      return loadInt8(arena, stored, config.granularity, room);
    case 'llm_int8':
      return loadLlmInt8(arena, stored, room);
    case 'gptq':
    case 'awq':
    case 'pack_quantized':
      throw new LabError('internal', `${stored.name} is to be quantized to ${config.quant_type}`);
    default:
      return uploadQuantized(arena, stored.name, await quantizeWhole(stored, config), tables);
  }
}

/**
 * The rows that loadMatrix reads at a time, in its order; none of a format that looks at the whole matrix at once.
 * Who knows them can read the next ones while these are on their way to the device.
 */
export function piecesToRead(
  gpu: Gpu,
  stored: StoredMatrix,
  { config }: Pick<Storing, 'config'>,
): RowRange[] {
  const { columns } = stored;
  const steps = stepsOf(config, columns, rowBytes(stored));
  if (!steps) return [];
  return rowRanges(gpu, stored, steps.part).flatMap((part) => piecesOf(stored, part, steps.piece));
}

/** The rows at whose multiples a part, and a piece of it, begins. */
function stepsOf(
  config: QuantConfig,
  columns: number,
  storedRow: number,
): { part: number; piece: number } | undefined {
  if ('double_quant' in config) {
    const step = blockStep(config.blocksize, columns);
    return { part: step, piece: step };
  }
  if (config.quant_type === 'none') return { part: 1, piece: copyStep(storedRow) };
  if (config.quant_type === 'llm_int8') return { part: 1, piece: 1 };
  if (config.quant_type !== 'int8' || config.granularity === 'tensor') return undefined;
  return { part: copyStep(columns), piece: copyStep(columns) };
}

/** Quantizes a matrix on the CPU, all of it at once: these formats look at the whole tensor, or try many scales. */
async function quantizeWhole(stored: StoredMatrix, config: Quantizing): Promise<QuantizedTensor> {
  const { name, rows, columns } = stored;
  requireGroups(name, columns, config);
  const data = decode(stored.dtype, await readFinite(stored, { first_row: 0, rows }));
  return quantize({ shape: [rows, columns], data }, config);
}

/**
 * Brings a matrix to the device that is quantized already; its codes and scales are the ones it came with, its tables those
 * of other matrices where they are equal.
 */
export function uploadQuantized(
  arena: Arena,
  name: string,
  quantized: QuantizedTensor,
  tables = openTables(arena),
): Promise<DeviceMatrix> {
  if ('CB' in quantized) return uploadLlmInt8(arena, name, quantized);
  if ('codes' in quantized) return uploadBytes(arena, name, quantized, tables);
  return uploadBlockwise(arena, name, quantized, tables);
}
