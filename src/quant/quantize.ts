import { LabError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dequantizeBlockwise } from './blockwise.ts';
import type { Codebook } from './codebook.ts';
import { configName, formatOf, type Blockwise4bitConfig, type QuantConfig } from './config.ts';
import { dequantizeBytes } from './byte_codes.ts';
import { dequantizeInt8 } from './int8.ts';
import type { QuantizedTensor } from './quantized.ts';

export type Quantizing = Exclude<QuantConfig, { quant_type: 'none' | 'gptq' | 'awq' | 'pack_quantized' }>;

/** A configuration that each weight is quantized under by itself. */
export const isQuantizing = (config: QuantConfig): config is Quantizing =>
  formatOf(config).quantize !== undefined;

/** A weight under a configuration: `quantize(w, {quant_type: 'nf4', blocksize: 64, …})`. */
export const quantize = (tensor: Tensor, config: Quantizing): QuantizedTensor =>
  formatOf(config).quantize!(tensor, config);

/** The float32 weights that quantized arithmetic works with: how they are stored says how, not which format it was. */
export function dequantize(quantized: QuantizedTensor): Tensor {
  if ('CB' in quantized) return dequantizeInt8(quantized);
  return 'packed' in quantized ? dequantizeBlockwise(quantized) : dequantizeBytes(quantized);
}

/** The sixteen values a 4-bit configuration uses. */
export const codebookOf = (config: Blockwise4bitConfig): Codebook => formatOf(config).codebookOf!(config);

const groupOf = (config: QuantConfig): number => formatOf(config).groupOf?.(config) ?? 1;

/** Whether rows of so many columns are a whole number of the format's groups. */
export const fitsGroups = (columns: number, config: QuantConfig): boolean => columns % groupOf(config) === 0;

/**
 * Refuses a matrix whose rows are no whole number of the format's groups.
 * @throws bad-spec naming the tensor, its columns, and what fits.
 */
export function requireGroups(name: string, columns: number, config: QuantConfig): void {
  if (fitsGroups(columns, config)) return;
  const group = groupOf(config);
  throw new LabError(
    'bad-spec',
    `${name} has ${columns} columns; ${configName(config)} takes multiples of ${group}: leave the layer out by skip_modules, or choose a format of smaller groups.`,
  );
}
