import { canonicalJson } from '../../../study/spec.ts';
import type { ComputeDtype, QuantConfig, QuantType } from '../../../quant/config.ts';
import type { Int8Config } from '../../../quant/formats/int8.ts';
import { withQuantType } from '../draft.ts';

/** One knob of a configuration, turned. */
export type Change =
  | { quant_type: QuantType }
  | { blocksize: number }
  | { double_quant: boolean }
  | { compute_dtype: ComputeDtype }
  | { granularity: Int8Config['granularity'] }
  | { llm_int8_threshold: number };

/**
 * An ablation: the baseline, then the baseline with one knob turned at a time, so that a difference has one cause.
 * `ablation(nf4 · 64, [{blocksize: 256}, {double_quant: true}])` is NF4 · 64, NF4 · 256 and NF4 · 64 · double quant.
 * What changes nothing, or gives a configuration twice, is left out.
 */
export function ablation(baseline: QuantConfig, changes: readonly Change[]): QuantConfig[] {
  const all = [baseline, ...changes.map((change) => turned(baseline, change))];
  const texts = all.map((config) => canonicalJson(config));
  return all.filter((_, i) => texts.indexOf(texts[i]!) === i);
}

function turned(config: QuantConfig, change: Change): QuantConfig {
  if ('quant_type' in change) return withQuantType(config, change.quant_type);
  // A knob the configuration does not have turns nothing.
  const has = Object.keys(change).every((key) => key in config);
  return has ? { ...config, ...change } : config;
}
