import type { PlannedTensor } from '../../tensor/write_safetensors.ts';
import type { TorchDtype } from '../bitsandbytes_format.ts';
import type { QuantConfig } from '../config.ts';
import type { QuantizedTensor } from '../quantized.ts';
import { awqWriter } from './write_awq.ts';
import { compressedWriter } from './write_compressed_tensors.ts';
import { gptqWriter } from './write_gptq.ts';

/** How one tool stores quantized layers, for whoever writes a checkpoint that it opens. */
export interface Writer {
  /** The tensors of a layer [rows, columns], in the order of `bytes`. */
  plan(name: string, shape: readonly [number, number], dtype: TorchDtype): PlannedTensor[];
  bytes(quantized: QuantizedTensor, dtype: TorchDtype): Uint8Array<ArrayBuffer>[];
  /** quantization_config of config.json; `skipped` are the modules left as they were, by full paths or by their own names. */
  settings(skipped: readonly string[]): Record<string, unknown>;
}

/** The configurations that have a writer. */
export type WrittenConfig = Extract<
  QuantConfig,
  { quant_type: 'int4_group' | 'nvfp4' | 'mxfp4' | 'fp8' | 'gptq' | 'awq' }
>;

/** The writer of a configuration; undefined where no tool has its layout. */
export function writerOf(config: QuantConfig): Writer | undefined {
  switch (config.quant_type) {
    case 'int4_group':
    case 'nvfp4':
    case 'mxfp4':
    case 'fp8':
      return compressedWriter(config);
    case 'gptq':
      return gptqWriter(config);
    case 'awq':
      return awqWriter(config);
    default:
      return undefined;
  }
}
