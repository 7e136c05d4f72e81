import type { QuantConfig } from '../../quant/config.ts';
import { DYNAMIC_MAP } from '../../quant/dynamic_map.ts';
import { codebookOf } from '../../quant/quantize.ts';
import type { Arena } from '../device/buffers.ts';
import { loadBlockwise, type SharedCodes } from './load_blockwise.ts';
import { loadInt8, loadLlmInt8 } from './load_int8.ts';
import { readFinite, rowRanges, type DeviceMatrix, type StoredMatrix } from './matrix.ts';

/** A configuration, and on the device the codes that all of its matrices share. */
export type Storing = { config: Exclude<QuantConfig, Blockwise> } | { config: Blockwise; codes: SharedCodes };

type Blockwise = Extract<QuantConfig, { blocksize: number }>;

/** Readies a configuration for loadMatrix. */
export async function storeAs(arena: Arena, config: QuantConfig): Promise<Storing> {
  if (!('blocksize' in config)) return { config };
  const book = codebookOf(config);
  const code = await arena.upload(book.code, 'code');
  if (!config.double_quant) return { config, codes: { book, code } };
  return { config, codes: { book, code, nested_code: await arena.upload(DYNAMIC_MAP, 'nested code') } };
}

/**
 * Brings a matrix to the device under a configuration: rows are read, checked, quantized and forgotten, some at a
 * time, so memory holds one part of one tensor. Its buffers are the arena's.
 * @throws non-finite-weights naming the tensor and element; out-of-memory, device-lost.
 */
export function loadMatrix(arena: Arena, stored: StoredMatrix, storing: Storing): Promise<DeviceMatrix> {
  if ('codes' in storing) return loadBlockwise(arena, stored, storing.config, storing.codes);
  const { config } = storing;
  switch (config.quant_type) {
    case 'none':
      return loadFloat(arena, stored);
    case 'int8':
      return loadInt8(arena, stored, config.granularity);
    case 'llm_int8':
      return loadLlmInt8(arena, stored);
  }
}

async function loadFloat(arena: Arena, stored: StoredMatrix): Promise<DeviceMatrix> {
  const { name, rows, columns, dtype } = stored;
  const parts: DeviceMatrix['parts'][number][] = [];
  for (const range of rowRanges(arena.gpu, stored)) {
    const weight = await arena.upload(await readFinite(stored, range), name);
    parts.push({ ...range, storage: 'float', dtype, weight });
  }
  return { rows, columns, parts };
}
