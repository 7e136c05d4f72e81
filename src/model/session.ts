import type { Gpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { causalLanguageModel } from './causal_lm.ts';
import { sequenceClassifier } from './classifier.ts';
import { closeModel, makeModel, type Model } from './forward.ts';
import type { LanguageModel } from './language_model.ts';
import type { Progress } from './loader.ts';
import type { ModelFiles } from './open_model.ts';
import type { Tokenizer } from './tokenizer.ts';
import { loadWeights } from './weights.ts';

/** The files a model is loaded from, as far as its weights need them: shape, checkpoint, and an adapter if there is one. */
export type ModelSource = Pick<ModelFiles, 'config' | 'checkpoint'> & Partial<Pick<ModelFiles, 'adapter'>>;

/**
 * Loads a model under a configuration, lends it to `use` and frees all it took, however that ends:
 * `withModel(gpu, files, quant, (model) => readLogits(model, …))`.
 * @param quant what is computed: of a checkpoint that was quantized before, its effectiveConfig
 * @throws all that loadWeights throws, and out-of-memory.
 */
export async function withModel<T>(
  gpu: Gpu,
  { config, checkpoint, adapter }: ModelSource,
  quant: QuantConfig,
  use: (model: Model) => Promise<T>,
  onProgress?: Progress,
): Promise<T> {
  const weights = await loadWeights(gpu, checkpoint, config, quant, { onProgress, adapter });
  try {
    const model = await makeModel(gpu, config, weights, quant);
    try {
      return await use(model);
    } finally {
      closeModel(model);
    }
  } finally {
    weights.arena.close();
  }
}

/** Makes a loaded model what tasks ask: a language model, or a classifier where its head has classes. */
export const languageModel = (model: Model, tokenizer: Tokenizer): LanguageModel =>
  model.config.num_labels === undefined
    ? causalLanguageModel(model, tokenizer)
    : sequenceClassifier(model, tokenizer);
