import { configName, skippedModules, type QuantConfig } from '../../quant/config.ts';

/** A configuration's name with the layers it keeps as they are: "NF4 · 64, without down_proj". */
export function longName(config: QuantConfig): string {
  const skipped = skippedModules(config);
  return skipped.length > 0 ? `${configName(config)}, without ${skipped.join(', ')}` : configName(config);
}

/**
 * Names for a run's configurations, made distinct by a number: two codebooks of one's own are "CUSTOM · 64" and "CUSTOM
 * · 64 (2)".
 */
export function distinctNames(configs: readonly QuantConfig[], nameOf = longName): string[] {
  const seen = new Map<string, number>();
  return configs.map((config) => {
    const name = nameOf(config);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

/** True if two configurations store weights alike; the compute dtype changes no footprint. */
export function sameStorage(a: QuantConfig, b: QuantConfig): boolean {
  if (a.quant_type !== b.quant_type) return false;
  if (a.quant_type === 'none') return a.compute_dtype === b.compute_dtype;
  if (!('blocksize' in a) || !('blocksize' in b)) return true;
  return a.blocksize === b.blocksize && a.double_quant === b.double_quant;
}
