import type { Tensor } from '../tensor/tensor.ts';
import { dequantizeBlockwise, quantizeBlockwise } from './blockwise.ts';
import { CODEBOOKS, customCodebook, type Codebook } from './codebook.ts';
import type { QuantConfig } from './config.ts';
import { quantizeAbsmax } from './double_quant.ts';
import { dequantizeInt8, quantizeInt8 } from './int8.ts';
import { quantizeLlmInt8 } from './llm_int8.ts';
import type { QuantizedTensor } from './quantized.ts';

export type Quantizing = Exclude<QuantConfig, { quant_type: 'none' }>;

/** A weight under a configuration: `quantize(w, {quant_type: 'nf4', blocksize: 64, …})`. */
export function quantize(tensor: Tensor, config: Quantizing): QuantizedTensor {
  if (config.quant_type === 'int8') return quantizeInt8(tensor, config.granularity);
  if (config.quant_type === 'llm_int8') return quantizeLlmInt8(tensor);
  const quantized = quantizeBlockwise(tensor, codebookOf(config), config.blocksize);
  return config.double_quant ? { ...quantized, absmax: quantizeAbsmax(quantized.absmax) } : quantized;
}

/** The float32 weights that quantized arithmetic works with. */
export function dequantize(quantized: QuantizedTensor): Tensor {
  return quantized.quant_type === 'int8' ? dequantizeInt8(quantized) : dequantizeBlockwise(quantized);
}

/** The sixteen values a 4-bit configuration uses. */
export function codebookOf(config: Extract<QuantConfig, { blocksize: number }>): Codebook {
  return config.quant_type === 'custom' ? customCodebook(config.code) : CODEBOOKS[config.quant_type];
}
