import type { QuantConfig } from '../../quant/config.ts';
import { DYNAMIC_MAP } from '../../quant/dynamic_map.ts';
import { codebookOf } from '../../quant/quantize.ts';
import type { QuantizedTensor } from '../../quant/quantized.ts';
import type { Arena } from '../device/buffers.ts';
import { loadBlockwise, uploadBlockwise, type SharedCodes } from './blockwise.ts';
import { loadFloat } from './float.ts';
import { loadInt8 } from './int8.ts';
import { loadLlmInt8, uploadLlmInt8 } from './llm_int8.ts';
import type { DeviceMatrix } from './matrix.ts';
import type { StoredMatrix } from './stored_matrix.ts';

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

/** Brings a matrix to the device that was quantized elsewhere; its codes and scales are the ones it came with. */
export const uploadQuantized = (
  arena: Arena,
  name: string,
  quantized: QuantizedTensor,
): Promise<DeviceMatrix> =>
  quantized.quant_type === 'int8'
    ? uploadLlmInt8(arena, name, quantized)
    : uploadBlockwise(arena, name, quantized);
