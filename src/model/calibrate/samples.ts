import { seededRandom } from '../../tensor/random.ts';
import { reserve, type Model } from '../forward.ts';
import { readLogits } from '../logits.ts';
import { forwardSequence } from '../sequence.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** Tokens of a text that a model writes to be calibrated by: many short ones say more than one long one. */
const LENGTH = 128;

/**
 * Texts that a model writes itself, each token drawn by its probability, from the prefix token on; `tokens` in all.
 * @param onToken is waited for behind each token
 */
export async function writeSamples(
  model: Model,
  tokenizer: Tokenizer,
  { tokens, seed }: { tokens: number; seed: number },
  onToken: (done: number) => Promise<void>,
): Promise<number[][]> {
  const random = seededRandom(seed);
  const longest = Math.min(LENGTH, model.config.max_position_embeddings);
  await reserve(model, 1, longest);
  const sequences: number[][] = [];
  for (let left = tokens; left > 0;) {
    const ids = [tokenizer.prefix_token_id];
    for (let at = 0; ids.length < Math.min(longest, left); at++) {
      const row = forwardSequence(model, [ids[at]!], at);
      ids.push(drawn(await readLogits(model, [row]), random.uniform()));
      await onToken(tokens - left + ids.length);
    }
    sequences.push(ids);
    left -= ids.length;
  }
  return sequences;
}

/** The token at which the summed probabilities pass a number in [0, 1). */
function drawn(logits: Float32Array, at: number): number {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  let left = at * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  return found < 0 ? logits.indexOf(largest) : found;
}
