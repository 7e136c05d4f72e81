import { LabError } from '../errors.ts';
import type { Model } from './forward.ts';
import { generateText } from './generate_text.ts';
import { generatedIds } from './generated_ids.ts';
import { independent } from './item_length.ts';
import { parseGenerationConfig } from './generation_config.ts';
import type {
  Answered,
  ContinuationRequest,
  LanguageModel,
  Loglikelihood,
  RollingRequest,
} from './language_model.ts';
import { inputLength, type Pair } from './packing.ts';
import { logitsProcessors } from './process_logits.ts';
import { lengthClass } from './rope.ts';
import { rollingWindows } from './rolling_windows.ts';
import { scoreRequests } from './score_requests.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * A model and a tokenizer as the LanguageModel of an evaluation, token for token as lm-evaluation-harness 0.4.13
 * (models/huggingface.py): BOS by the tokenizer's default, spaces moved from context to continuation, left truncation.
 * @param generation the model's generation_config.json; without one, generation ends with config.json's eos_token_id
 */
export function causalLanguageModel(
  model: Model,
  tokenizer: Tokenizer,
  generation = parseGenerationConfig(undefined, model.config.eos_token_ids),
): LanguageModel {
  const max_length = model.config.max_position_embeddings;
  const processors = logitsProcessors(generation);

  const loglikelihoods = (requests: readonly ContinuationRequest[]) =>
    scoreRequests(model, besideAlike(requests), (at) => {
      const { context, continuations } = requests[at]!;
      const pairs = continuations.map((continuation) =>
        truncate(encodePair(tokenizer, context, continuation), max_length),
      );
      return { pairs, bundles: bundlesOf(model, pairs) };
    });

  async function* loglikelihoodsRolling(requests: readonly RollingRequest[]) {
    const scored = scoreRequests(model, [...requests.keys()], (at) => {
      const { text, trace } = requests[at]!;
      const pairs = rollingWindows(tokenizer.encode(text), tokenizer.prefix_token_id, max_length);
      return { pairs, bundles: pairs.map((_, i) => [i]), trace };
    });
    for await (const pass of scored) {
      yield pass.map(({ answer, ...rest }) => ({ ...rest, answer: joined(answer) }));
    }
  }

  const ids = (prompt: readonly number[], most: number) => generatedIds(model, prompt, most, processors);

  return {
    loglikelihood: async (context, continuations) => only(loglikelihoods([{ context, continuations }])),
    loglikelihoodRolling: async (text, trace) => only(loglikelihoodsRolling([{ text, trace }])),
    loglikelihoods,
    loglikelihoodsRolling,
    generateUntil: (context, options) =>
      generateText({ tokenizer, generation, max_length, ids }, context, options),
  };
}

/** The characters that Python's rstrip takes off: not U+FEFF as trimEnd does, but U+001C to U+001F and U+0085. */
// eslint-disable-next-line no-control-regex
const TRAILING_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u;

/** The harness' split of context + continuation into ids: by position, after moving the context's last spaces over. */
export function encodePair(tokenizer: Tokenizer, context: string, continuation: string): Pair {
  if (context === '') {
    const ids = tokenizer.encode(continuation, { add_special_tokens: false });
    // A continuation that brings the prefix token itself is scored from its second token on.
    if (ids[0] === tokenizer.prefix_token_id) return { context: ids.slice(0, 1), continuation: ids.slice(1) };
    return { context: [tokenizer.prefix_token_id], continuation: ids };
  }
  const kept = context.replace(TRAILING_SPACE, '');
  const whole = tokenizer.encode(context + continuation);
  const ids = tokenizer.encode(kept);
  return { context: ids, continuation: whole.slice(ids.length) };
}

/** The pairs that share their context's computation: all with one context, if their tokens turn alike. */
function bundlesOf(model: Model, pairs: readonly Pair[]): number[][] {
  const [first] = pairs;
  if (!independent(model.quant) || !pairs.every(({ context }) => sameTokens(context, first!.context))) {
    return pairs.map((_, i) => [i]);
  }
  const alike = new Map<string, number[]>();
  for (const [i, pair] of pairs.entries()) {
    // Some ropes depend on a sequence's length.
    const turns = lengthClass(model.config, inputLength(pair));
    alike.set(turns, [...(alike.get(turns) ?? []), i]);
  }
  return [...alike.values()];
}

/** Requests that are put in another order: more would let the first results of a run come from few subjects. */
const REORDERED = 1024;

/** The places of requests, those that begin alike beside each other. */
function besideAlike(requests: readonly ContinuationRequest[]): number[] {
  const order: number[] = [];
  for (let begin = 0; begin < requests.length; begin += REORDERED) {
    const groups = new Map<string | undefined, number[]>();
    for (let at = begin; at < Math.min(requests.length, begin + REORDERED); at++) {
      const { begins } = requests[at]!;
      const group = groups.get(begins);
      if (group) group.push(at);
      else groups.set(begins, [at]);
    }
    order.push(...[...groups.values()].flat());
  }
  return order;
}

/** The answer to a request that stands alone. */
async function only<T>(passes: AsyncIterable<Answered<T>[]>): Promise<T> {
  const answers: T[] = [];
  for await (const pass of passes) answers.push(...pass.map(({ answer }) => answer));
  return answers[0]!;
}

/** A text's windows as one. */
const joined = (windows: readonly Loglikelihood[]): Loglikelihood => ({
  logprob: windows.reduce((sum, { logprob }) => sum + logprob, 0),
  is_greedy: windows.every(({ is_greedy }) => is_greedy),
  tokens: windows.reduce((sum, { tokens }) => sum + tokens, 0),
});

/** Drops tokens on the left until the model's input, context + continuation without its last token, fits. */
export function truncate({ context, continuation }: Pair, max_length: number): Pair {
  const excess = context.length + continuation.length - (max_length + 1);
  if (excess <= 0) return { context, continuation };
  if (excess >= context.length) {
    throw new LabError(
      'bad-spec',
      `A continuation of ${continuation.length} tokens does not fit this model's context of ${max_length}.`,
    );
  }
  return { context: context.slice(excess), continuation };
}

const sameTokens = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
