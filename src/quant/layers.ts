import { isCalibrated, type LayerFormat, type QuantConfig } from './config.ts';
import type { Exceptions } from './formats/format.ts';

/** Some Linear layers and the format they are stored in: `{ modules: ['down_proj'], as: { quant_type: 'int8', … } }`. */
export interface LayerRule {
  /** Layers by name (`down_proj`), by full path, or by a path they lie under (`model.layers.0`). */
  modules: string[];
  /** Their format; they compute in the type that the whole configuration does. */
  as: LayerFormat;
}

/**
 * The configuration of one Linear layer: unquantized where it is to be left as it is, else what the first rule says that
 * names it, else the configuration itself, the same object.
 * @param names the layer's full path under each prefix that it may have
 */
export function layerConfig(config: QuantConfig, names: readonly string[]): QuantConfig {
  const isNamed = (modules: readonly string[]) => names.some((name) => isAmong(name, modules));
  if (isNamed(skippedModules(config))) return unquantized(config);
  const rule = layerRules(config).find(({ modules }) => isNamed(modules));
  return rule ? ruleConfig(config, rule) : config;
}

/** Every configuration that a layer may have: the whole one first, then those of its exceptions. */
export const layerConfigs = (config: QuantConfig): QuantConfig[] => [
  config,
  ...(skippedModules(config).length > 0 ? [unquantized(config)] : []),
  ...layerRules(config).map((rule) => ruleConfig(config, rule)),
];

/** The formats among a configuration's layers that are made by a text, its own first. */
export const calibratedFormats = (config: QuantConfig) => layerConfigs(config).filter(isCalibrated);

/** True of a configuration some of whose layers are made by a text. */
export const isMadeByText = (config: QuantConfig): boolean => calibratedFormats(config).length > 0;

/** Layers that are stored alike. */
export interface AlikeLayers<L> {
  config: QuantConfig;
  layers: L[];
}

/** Linear layers by the configuration that each has; none of a configuration that has no layer. */
export function groupByConfig<L extends { aliases: readonly string[] }>(
  config: QuantConfig,
  layers: readonly L[],
): AlikeLayers<L>[] {
  const groups = new Map<string, AlikeLayers<L>>();
  for (const layer of layers) {
    const own = layerConfig(config, layer.aliases);
    const key = JSON.stringify(own);
    const group = groups.get(key) ?? { config: own, layers: [] };
    group.layers.push(layer);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The format of a configuration as single layers may have it: without what it computes in and excepts. */
export function layerFormat(config: QuantConfig): LayerFormat {
  const format: Partial<QuantConfig & Exceptions> = { ...config };
  delete format.compute_dtype;
  delete format.skip_modules;
  delete format.by_layer;
  return format as LayerFormat;
}

/** Linear layers that a configuration leaves as they are stored, by name or path. */
export const skippedModules = (config: QuantConfig): readonly string[] =>
  'skip_modules' in config ? (config.skip_modules ?? []) : [];

/** Layers that have a format of their own, in the order in which they are looked for. */
export const layerRules = (config: QuantConfig): readonly LayerRule[] =>
  'by_layer' in config ? (config.by_layer ?? []) : [];

const unquantized = ({ compute_dtype }: QuantConfig): QuantConfig => ({ quant_type: 'none', compute_dtype });

const ruleConfig = ({ compute_dtype }: QuantConfig, { as }: LayerRule): QuantConfig => ({
  ...as,
  compute_dtype,
});

/**
 * True if a module is among those listed: by its own name (`down_proj`), its full path, or a path it lies under
 * (`model.layers.0`).
 */
export const isAmong = (name: string, modules: readonly string[]): boolean =>
  modules.some((one) => name === one || name.endsWith(`.${one}`) || name.startsWith(`${one}.`));
