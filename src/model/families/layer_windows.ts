import { LabError } from '../../errors.ts';
import { integer, shown, type Fields } from '../config_fields.ts';

/**
 * Reads the window of each layer: by `layer_types` where config.json has it, else by the rule of transformers' class.
 * @param slides whether a layer looks back on a window only, where there is one
 * @throws bad-config for layer types other than full_attention and sliding_attention, or one of another length.
 */
export function layerWindows(
  fields: Fields,
  window: number | undefined,
  default_layers: number,
  slides: (layer: number) => boolean,
): (number | undefined)[] {
  const layers = integer(fields, 'num_hidden_layers', 1, 512, default_layers);
  const types = layerTypes(fields, layers);
  return Array.from({ length: layers }, (_, layer) => {
    if (!types) return slides(layer) ? window : undefined;
    if (types[layer] === 'full_attention') return undefined;
    if (window !== undefined) return window;
    throw new LabError(
      'bad-config',
      `config.json: layer_types makes layer ${layer} sliding_attention, but no sliding_window is in use.`,
    );
  });
}

/** Refuses layer_types other than the one that all layers have, in a class that does not read them. */
export function requireLayerTypes(fields: Fields, only: LayerType): void {
  const other = layerTypes(fields)?.find((type) => type !== only);
  if (other === undefined) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json: layer_types has ${other}, but sliding_window makes all layers ${only}.`,
  );
}

const LAYER_TYPES = ['full_attention', 'sliding_attention'] as const;
type LayerType = (typeof LAYER_TYPES)[number];

function layerTypes(fields: Fields, layers?: number): LayerType[] | undefined {
  const types = fields.get('layer_types') ?? undefined;
  if (types === undefined) return undefined;
  if (
    Array.isArray(types) &&
    types.every((type): type is LayerType => LAYER_TYPES.includes(type as LayerType)) &&
    (layers === undefined || types.length === layers)
  ) {
    return types;
  }
  throw new LabError(
    'bad-config',
    `config.json: layer_types is ${shown(types)}; allowed: ${layers ?? 'a list'} of ${LAYER_TYPES.join(' or ')}.`,
  );
}
