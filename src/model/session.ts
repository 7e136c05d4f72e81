import { forgetFaults, type Gpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { causalLanguageModel } from './causal_lm.ts';
import { sequenceClassifier } from './classifier.ts';
import { closeModel, makeModel, type Model } from './forward.ts';
import type { GenerationConfig } from './generation_config.ts';
import type { LanguageModel } from './language_model.ts';
import type { ModelFiles } from './open_model.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';
import { loadWeights, type WeightOptions } from './weights.ts';

/** A model to load: its config, its checkpoint, an adapter if there is one, and a callback for progress. */
export interface ModelSource extends Pick<ModelFiles, 'config' | 'checkpoint'>, WeightOptions {
  /** The quantization that the checkpoint came with. */
  stored_quant?: ModelFiles['stored_quant'];
}

/**
 * Loads a model under a configuration, lends it to `use` and frees all it took, however that ends; what it shares with
 * others stays, unless it failed:
 * `withModel(gpu, files, quant, (model) => readLogits(model, …))`.
 * @param quant the configuration to compute under; of a checkpoint that was quantized before, its effectiveConfig
 * @throws all that loadWeights throws, and out-of-memory.
 */
export async function withModel<T>(
  gpu: Gpu,
  { config, checkpoint, stored_quant, ...options }: ModelSource,
  quant: QuantConfig,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  try {
    const weights = await loadWeights(gpu, checkpoint, config, quant, {
      ...options,
      layout: stored_quant?.layout,
    });
    try {
      const model = await makeModel(gpu, config, weights, quant);
      try {
        return await use(model);
      } finally {
        closeModel(model);
      }
    } finally {
      weights.close();
    }
  } catch (error) {
    // Some of it may never have come to the device.
    options.shared?.close();
    await forgetFaults(gpu);
    throw error;
  }
}

/** Wraps a loaded model as the LanguageModel that tasks ask: a causal one, or a classifier where its head has classes. */
export const languageModel = (
  model: Model,
  tokenizer: Tokenizer,
  generation?: GenerationConfig,
): LanguageModel =>
  model.config.num_labels === undefined
    ? causalLanguageModel(model, tokenizer, generation)
    : sequenceClassifier(model, tokenizer);
