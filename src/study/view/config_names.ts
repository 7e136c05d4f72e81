import { canonicalJson } from '../spec.ts';
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

/** Knobs that say how to compute, not how weights are stored. */
const COMPUTING: readonly string[] = ['compute_dtype', 'llm_int8_threshold'];

/** True if two configurations store weights alike; the compute dtype changes no footprint but that of plain floats. */
export function sameStorage(a: QuantConfig, b: QuantConfig): boolean {
  const storage = (config: QuantConfig) =>
    canonicalJson(
      Object.fromEntries(
        Object.entries(config).filter(([knob]) => config.quant_type === 'none' || !COMPUTING.includes(knob)),
      ),
    );
  return storage(a) === storage(b);
}
