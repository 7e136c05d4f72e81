import { planQuantized, quantizedBytes, type SavableConfig } from '../bitsandbytes_format.ts';
import { formatOf, type QuantConfig } from '../config.ts';
import type { Writer } from './writer.ts';

const isIts = (config: QuantConfig): config is SavableConfig => formatOf(config).saved === 'bitsandbytes';

/** bitsandbytes' own layout, which transformers loads. */
export const bitsandbytes: Writer = {
  tool: 'bitsandbytes',
  opener: 'transformers with bitsandbytes',
  mixes: false,
  conv1d: true,
  layer: (config) =>
    isIts(config)
      ? {
          plan: (name, shape, dtype) => planQuantized(name, shape, config, dtype),
          bytes: quantizedBytes,
        }
      : undefined,
  /** As transformers 5 writes it; its reader needs `quant_method` and `load_in_4bit` or `load_in_8bit`. */
  settings({ groups: [{ config }], skipped }) {
    const blockwise =
      config.quant_type === 'llm_int8'
        ? undefined
        : (config as Exclude<SavableConfig, { quant_type: 'llm_int8' }>);
    const four = blockwise !== undefined;
    return {
      quant_method: 'bitsandbytes',
      load_in_4bit: four,
      load_in_8bit: !four,
      _load_in_4bit: four,
      _load_in_8bit: !four,
      bnb_4bit_compute_dtype: config.compute_dtype,
      bnb_4bit_quant_storage: 'uint8',
      bnb_4bit_quant_type: blockwise?.quant_type ?? 'fp4',
      bnb_4bit_use_double_quant: blockwise?.double_quant ?? false,
      llm_int8_enable_fp32_cpu_offload: false,
      llm_int8_has_fp16_weight: false,
      // A list replaces transformers' own choice of what to leave, so it names that, too.
      llm_int8_skip_modules: skipped.length > 0 ? ['lm_head', 'score', ...skipped] : null,
      llm_int8_threshold: config.quant_type === 'llm_int8' ? config.llm_int8_threshold : 6,
    };
  },
};
