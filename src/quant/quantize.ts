import type { Tensor } from '../tensor/tensor.ts';
import { dequantizeBlockwise } from './blockwise.ts';
import type { Codebook } from './codebook.ts';
import { formatOf, type Blockwise4bitConfig, type QuantConfig } from './config.ts';
import { dequantizeInt8 } from './int8.ts';
import type { QuantizedTensor } from './quantized.ts';

export type Quantizing = Exclude<QuantConfig, { quant_type: 'none' }>;

/** A weight under a configuration: `quantize(w, {quant_type: 'nf4', blocksize: 64, …})`. */
export const quantize = (tensor: Tensor, config: Quantizing): QuantizedTensor =>
  formatOf(config).quantize!(tensor, config);

/** The float32 weights that quantized arithmetic works with: how they are stored says how, not which format it was. */
export function dequantize(quantized: QuantizedTensor): Tensor {
  return quantized.quant_type === 'int8' ? dequantizeInt8(quantized) : dequantizeBlockwise(quantized);
}

/** The sixteen values a 4-bit configuration uses. */
export const codebookOf = (config: Blockwise4bitConfig): Codebook => formatOf(config).codebookOf!(config);
