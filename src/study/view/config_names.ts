import { canonicalJson } from '../spec.ts';
import { configName, type QuantConfig } from '../../quant/config.ts';
import { layerRules, skippedModules, type LayerRule } from '../../quant/layers.ts';
import { listed } from './format.ts';

/** A configuration's name with its exceptions: "NF4 · 64, without down_proj", "NF4 · 64, down_proj as INT8 per row". */
export function longName(config: QuantConfig): string {
  const skipped = skippedModules(config);
  return [
    configName(config),
    ...(skipped.length > 0 ? [`without ${skipped.join(', ')}`] : []),
    ...layerRules(config).map(ruleName),
  ].join(', ');
}

const MOST_LAYERS = 2;

/** A configuration's name without a comma, which parts it from the next one: "NF4 · 64 (without down_proj)". */
export function nameInLine(config: QuantConfig): string {
  const skipped = skippedModules(config);
  const exceptions = [
    ...(skipped.length > 0 ? [`without ${listed(skipped, MOST_LAYERS)}`] : []),
    ...layerRules(config).map(ruleName),
  ];
  return exceptions.length > 0 ? `${configName(config)} (${exceptions.join('; ')})` : configName(config);
}

/** `down_proj as INT8 per row`. */
function ruleName({ modules, as }: LayerRule): string {
  const name = as.quant_type === 'none' ? 'stored' : configName({ ...as, compute_dtype: 'float32' });
  return `${listed(modules, MOST_LAYERS)} as ${name}`;
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
