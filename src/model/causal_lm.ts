import { LabError } from '../errors.ts';
import type { Model } from './forward.ts';
import { generatedIds } from './generated_ids.ts';
import { independent } from './item_length.ts';
import { parseGenerationConfig } from './generation_config.ts';
import type {
  Answered,
  ContinuationRequest,
  Generation,
  GenerateOptions,
  LanguageModel,
  Loglikelihood,
  RollingRequest,
} from './language_model.ts';
import { inputLength, type Pair } from './packing.ts';
import { logitsProcessors } from './process_logits.ts';
import { lengthClass } from './rope.ts';
import { rollingWindows } from './rolling_windows.ts';
import { scoreRequests } from './score_requests.ts';
import { tailSearch } from './tail.ts';
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

  async function generateUntil(
    context: string,
    { until, max_gen_toks }: GenerateOptions,
  ): Promise<Generation> {
    const room = max_length - max_gen_toks;
    if (room < 1) {
      throw new LabError(
        'bad-spec',
        `max_gen_toks is ${max_gen_toks}; this model's context of ${max_length} tokens allows at most ${max_length - 1}.`,
      );
    }
    if (generation.not_computed !== undefined) {
      throw new LabError('unsupported-architecture', `${generation.not_computed}.`);
    }
    const ids = tokenizer.encode(context).slice(-room);
    const stops = tokenizer.eos ? [...until, tokenizer.eos.text] : until;
    const ends = new Set([...generation.eos_token_ids, ...(tokenizer.eos ? [tokenizer.eos.id] : [])]);
    const most = Math.min(generation.max_new_tokens ?? max_gen_toks, max_length - ids.length);
    const holdsStop = tailSearch(tokenizer, stops);
    const made: number[] = [];
    for await (const id of generatedIds(model, ids, most, processors)) {
      made.push(id);
      if (ends.has(id) || holdsStop(id)) break;
    }
    return { text: cutAt(tokenizer.decode(made), stops), tokens: made.length };
  }

  return {
    loglikelihood: async (context, continuations) => only(loglikelihoods([{ context, continuations }])),
    loglikelihoodRolling: async (text, trace) => only(loglikelihoodsRolling([{ text, trace }])),
    loglikelihoods,
    loglikelihoodsRolling,
    generateUntil,
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
function truncate({ context, continuation }: Pair, max_length: number): Pair {
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

/** The text before the first stop, each applied in turn as the harness does. */
const cutAt = (text: string, stops: readonly string[]): string =>
  stops.reduce((kept, stop) => (stop === '' ? kept : kept.split(stop)[0]!), text);

const sameTokens = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
