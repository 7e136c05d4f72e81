import type { Gpu } from '../../gpu/device/device.ts';
import { product } from '../../gpu/matrix/product.ts';
import type { LayerError } from '../../quant/calibrated/output_error.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { layerConfig } from '../../quant/layers.ts';
import { dequantize, isQuantizing, quantize, requireGroups } from '../../quant/quantize.ts';
import { sumOfSquares } from '../../tensor/sum.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { MadeLayer } from '../loader.ts';
import type { LinearModule } from '../modules.ts';
import type { InputSite } from '../pass.ts';
import { loadFloatLayer, type Calibrator } from '../weights.ts';
import { readLinear, siteOf, type CalibratedModel } from './calibrator.ts';
import { openTextRunner, type TextRunner } from './text_runner.ts';
import { joinFloats } from '../../tensor/concatenate.ts';

/** What quantizing one Linear layer lost. */
export interface ModuleError extends LayerError {
  module: string;
}

/** Tokens that errors are measured on: they are means over many outputs, which more tokens hardly move. */
export const ERROR_TOKENS = 512;

/**
 * Measures what each Linear layer loses under a configuration, block by block as they are loaded: of its weights, and of
 * its outputs on the inputs that it has in the float model, the same for every configuration.
 * @param inner makes the layers, where the configuration is calibrated
 */
export function withLayerErrors(
  inner: Calibrator | undefined,
  gpu: Gpu,
  model: CalibratedModel,
  {
    config,
    sequences,
    onStep,
    onError,
  }: {
    config: QuantConfig;
    /** Of ERROR_TOKENS tokens at most. */
    sequences: readonly (readonly number[])[];
    onStep: (done: number, total: number, layer: number) => Promise<void>;
    onError: (error: ModuleError) => void;
  },
): Calibrator {
  let runner: TextRunner | undefined;
  return {
    async begin(tables) {
      await inner?.begin(tables);
      runner = await openTextRunner(gpu, model.config, tables, sequences, () => Promise.resolve());
    },
    async make(index, tensors) {
      const made = await inner?.make(index, tensors);
      const { layer, close } = await loadFloatLayer(gpu, model.checkpoint, model.adapter, tensors);
      try {
        const inputs = new Map<InputSite, Float32Array[]>();
        await runner!.run(index, layer, {
          goOn: true,
          taken(site, x) {
            inputs.set(site, [...(inputs.get(site) ?? []), x]);
            return Promise.resolve();
          },
        });
        for (const module of tensors.linears) {
          const weights = await readLinear(model.checkpoint, module);
          const computed = computedWeights(module, weights, layerConfig(config, module.aliases), made);
          if (computed)
            onError(await errorOf(gpu, module, weights, computed, joinFloats(inputs.get(siteOf(module))!)));
          await onStep(index, model.config.num_hidden_layers, index);
        }
      } finally {
        close();
      }
      return made;
    },
    loaded: async (index, layer) => inner?.loaded(index, layer),
    close() {
      inner?.close();
      runner?.close();
    },
  };
}

/** The weights that a layer computes with, in the terms of the float layer; undefined where nothing quantizes it. */
function computedWeights(
  { name, columns }: LinearModule,
  weights: Tensor,
  config: QuantConfig,
  made: MadeLayer | undefined,
): Tensor | undefined {
  const ready = made?.linears.get(name);
  if (!ready) {
    if (!isQuantizing(config)) return undefined;
    requireGroups(name, columns, config);
    return dequantize(quantize(weights, config));
  }
  const { shape, data } = dequantize(ready);
  const { inputs, rows } = made!.scaled.get(name) ?? {};
  if (!inputs && !rows) return { shape, data };
  return {
    shape,
    data: data.map((w, i) => (w * (rows?.[Math.floor(i / columns)] ?? 1)) / (inputs?.[i % columns] ?? 1)),
  };
}

async function errorOf(
  gpu: Gpu,
  { name, columns }: LinearModule,
  { shape, data }: Tensor,
  computed: Tensor,
  x: Float32Array<ArrayBuffer>,
): Promise<ModuleError> {
  const lost = { shape, data: data.map((w, i) => w - computed.data[i]!) };
  // Σ (x · w)² over all inputs [tokens, columns] and rows.
  const outputs = async (weights: Tensor) => sumOfSquares(await product(gpu, x, weights.data, columns));
  return {
    module: name,
    weight_error: share(sumOfSquares(lost.data), sumOfSquares(data)),
    output_error: share(await outputs(lost), await outputs({ shape, data })),
  };
}

const share = (part: number, whole: number): number => (whole > 0 ? Math.sqrt(part / whole) : 0);
