import { LabError } from '../errors.ts';
import { reserve, type Model } from './forward.ts';
import type { ClassifyOptions, LanguageModel } from './language_model.ts';
import { readLogits } from './logits.ts';
import { forwardSequence } from './sequence.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * A sequence classifier as an evaluation sees it: the head's logits at the text's last token (transformers
 * GPT2ForSequenceClassification, where that is the last token that is no padding). It has no words to give.
 */
export function sequenceClassifier(model: Model, tokenizer: Tokenizer): LanguageModel {
  const { architecture, max_position_embeddings } = model.config;
  const speechless = (): Promise<never> =>
    Promise.reject(
      new LabError(
        'bad-spec',
        `The model is a ${architecture}, which only classifies; this task needs a language model.`,
      ),
    );

  async function classify(text: string, { max_length }: ClassifyOptions): Promise<number[]> {
    const ids = tokenizer.encode(text).slice(0, Math.min(max_length, max_position_embeddings));
    if (ids.length === 0)
      throw new LabError('bad-data', 'A text to classify is empty; allowed: at least one token.');
    await reserve(model, ids.length, ids.length);
    const last = forwardSequence(model, ids, 0);
    return Array.from(await readLogits(model, [last]));
  }

  return { loglikelihood: speechless, loglikelihoodRolling: speechless, generateUntil: speechless, classify };
}
