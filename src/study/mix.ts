import type { LayerCosts } from '../model/layer_costs.ts';
import { DEFAULT_CALIBRATION, type Calibration } from '../quant/calibrated/calibration.ts';
import { layerFormat } from '../quant/layers.ts';
import { LAYER_ROWS, type LayerFormat, type QuantConfig } from '../quant/config.ts';
import { mixConfig, mixFrontier, type Mix } from '../quant/mix.ts';
import { canonicalJson, type ExperimentSpec } from './spec.ts';

/** What each Linear layer of a model costs in each of some formats, on a text. */
export interface MixMeasured extends LayerCosts {
  calibration: Calibration;
  formats: LayerFormat[];
  /** Weights of all Linear layers of the blocks. */
  linear_weights: number;
}

/** The text that layers are compared on, unless another is asked for: longer ones hardly move the mean. */
export const MIX_CALIBRATION: Calibration = { ...DEFAULT_CALIBRATION, tokens: 512 };

/** A mix with the sizes that people ask for. */
export interface SizedMix extends Mix {
  bits_per_weight: number;
  /** Of the whole model's weights. */
  model_bytes: number;
}

/** Layers as they are stored, which cost nothing. */
const STORED: LayerFormat = { quant_type: 'none' };

/** The formats that a spec's configurations may be mixed of: those that single layers may have, each once. */
export function mixableFormats({ configs }: Pick<ExperimentSpec, 'configs'>): LayerFormat[] {
  // Each layer is switched alone, which needs no text to make it.
  const ready = LAYER_ROWS.filter(({ quantize }) => quantize);
  const allowed = new Set<string>(ready.map(({ quant_type }) => quant_type));
  const formats = configs
    .filter(({ quant_type }) => quant_type !== 'none' && allowed.has(quant_type))
    .map(layerFormat);
  return [...new Map(formats.map((format) => [canonicalJson(format), format])).values()];
}

/** The mixes worth having of what was measured, the smallest first. */
export function mixesOf({ layers, formats, linear_weights, rest_bytes }: MixMeasured): SizedMix[] {
  const stored = formats.length;
  const frontier = mixFrontier(
    layers.map(({ module, stored_bytes, costs }) => ({
      name: module,
      choices: [
        // What lies within the arithmetic's own error may come out below zero.
        ...costs.flatMap((cost, format) =>
          cost ? [{ format, bytes: cost.bytes, loss: Math.max(0, cost.kl) }] : [],
        ),
        { format: stored, bytes: stored_bytes, loss: 0 },
      ],
    })),
  );
  return frontier.map((mix) => ({
    ...mix,
    bits_per_weight: (8 * mix.bytes) / linear_weights,
    model_bytes: rest_bytes + mix.bytes,
  }));
}

/** A mix as a configuration of the spec, which computes as its formats do. */
export function configOfMix(
  { layers, formats }: MixMeasured,
  mix: Mix,
  compute_dtype: QuantConfig['compute_dtype'],
): QuantConfig {
  const all = [...formats, STORED];
  return mixConfig(
    layers.map(({ module }) => module),
    mix.formats.map((format) => all[format]!),
    compute_dtype,
  );
}
