import { quantizeLlmInt8 } from '../llm_int8.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';

/** 8-bit weights and activations; activations from `llm_int8_threshold` on are outliers, 0 means none is. */
export type LlmInt8Config = Config<'llm_int8', 'llm_int8_threshold' | 'compute_dtype'>;

/** LLM.int8(), with the threshold and the dtype bitsandbytes begins with. */
export const llm_int8: Format<LlmInt8Config, 'bitsandbytes'> = {
  quant_type: 'llm_int8',
  title: 'LLM.int8()',
  knobs: { llm_int8_threshold: 6, compute_dtype: 'float16', ...NO_EXCEPTIONS },
  nameOf: ({ llm_int8_threshold: threshold }) =>
    threshold === 6 ? 'LLM.int8()' : `LLM.int8() · threshold ${threshold}`,
  arithmetic: () => 'llm_int8',
  quantize: (tensor) => quantizeLlmInt8(tensor),
  codeBits: () => 8,
  scaleBytes: ([rows]) => 4 * rows,
  sharedBytes: () => 0,
  saved: 'bitsandbytes',
  look: { hue: 'int8', shape: 'frame', dash: 'dotted' },
};
