import { LabError } from '../errors.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { forward, reserve, type Model, type SlotSpan } from './forward.ts';
import { parseGenerationConfig } from './generation_config.ts';
import type { Generation, GenerateOptions, LanguageModel, Loglikelihood, Trace } from './language_model.ts';
import { greedyToken, readLogits, scoreWanted, type TokenLogprob } from './logits.ts';
import { largest, logitsProcessors } from './process_logits.ts';
import { lengthClass, outgrownAt } from './rope.ts';
import { rollingWindows } from './rolling_windows.ts';
import { forwardSequence } from './sequence.ts';
import { branchSpan, causalSpan } from './spans.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';
import { MAX_TOKENS } from './workspace.ts';

/** A sequence to score: the log-probability of each token of `continuation` after `context`. */
interface Pair {
  context: readonly number[];
  continuation: readonly number[];
}

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

  async function loglikelihood(context: string, continuations: readonly string[]): Promise<Loglikelihood[]> {
    const pairs = continuations.map((continuation) => encodePair(tokenizer, context, continuation));
    return scorePairs(model, pairs, max_length);
  }

  async function loglikelihoodRolling(text: string, trace?: Trace): Promise<Loglikelihood> {
    const windows = rollingWindows(tokenizer.encode(text), tokenizer.prefix_token_id, max_length);
    const total: Loglikelihood = { logprob: 0, is_greedy: true, tokens: 0 };
    for (const window of windows) {
      const [part] = await scorePairs(model, [window], max_length, trace);
      total.logprob += part!.logprob;
      total.is_greedy &&= part!.is_greedy;
      total.tokens += part!.tokens;
    }
    return total;
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
    // A whole generation's slots at once: growing would lose the keys of the context.
    const outgrown = outgrownAt(model.config);
    await reserve(model, outgrown === undefined ? ids.length : ids.length + most, ids.length + most);
    const made: number[] = [];
    const next = async (fresh: readonly number[], first_slot: number, phase: Phase): Promise<number> => {
      const row = forwardSequence(model, fresh, first_slot, phase);
      if (processors.length === 0) return greedyToken(model, row);
      const logits = await readLogits(model, [row], 'decode');
      const sequence = { ids: [...ids, ...made], prompt: ids.length };
      for (const process of processors) process(logits, sequence);
      return largest(logits);
    };
    let id = await next(ids, 0, 'prefill');
    while (made.push(id) < most && !ends.has(id)) {
      const text = tokenizer.decode(made);
      if (stops.some((stop) => text.includes(stop))) break;
      const length = ids.length + made.length;
      id =
        length === outgrown
          ? await next([...ids, ...made], 0, 'prefill')
          : await next([id], length - 1, 'decode');
    }
    return { text: cutAt(tokenizer.decode(made), stops), tokens: made.length };
  }

  return { loglikelihood, loglikelihoodRolling, generateUntil };
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

/** Scores continuations; those that share a context share its computation as branches behind it. */
async function scorePairs(
  model: Model,
  pairs: readonly Pair[],
  max_length: number,
  trace?: Trace,
): Promise<Loglikelihood[]> {
  const inputs = pairs.map((pair) => truncate(pair, max_length));
  const first = inputs[0]!.context;
  const shared = independent(model) && inputs.every(({ context }) => sameTokens(context, first));
  const groups = shared ? alikeTurned(model, inputs) : [...inputs.keys()].map((i) => [i]);
  const results = new Array<Loglikelihood>(inputs.length);
  for (const group of groups) {
    const branches = group.map((i) => inputs[i]!);
    const scored = await scoreBranches(model, branches, trace);
    group.forEach((i, at) => (results[i] = scored[at]!));
  }
  return results;
}

/** True if a token's result depends on no other token of its pass; LLM.int8() finds outlier columns over all of them. */
const independent = ({ quant }: Model): boolean =>
  quant.quant_type !== 'llm_int8' || quant.llm_int8_threshold === 0;

/** The indices of sequences whose tokens turn alike, together: some ropes depend on a sequence's length. */
function alikeTurned({ config }: Model, inputs: readonly Pair[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, input] of inputs.entries()) {
    const key = lengthClass(config, inputLength(input));
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/** Tokens that go through the model: the last one has no successor to predict. */
const inputLength = ({ context, continuation }: Pair): number => context.length + continuation.length - 1;

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

async function scoreBranches(
  model: Model,
  branches: readonly Pair[],
  trace: Trace | undefined,
): Promise<Loglikelihood[]> {
  const context = branches[0]!.context;
  const n = context.length;
  const tokens: PlacedToken[] = context.map((id, position) => ({
    id,
    position,
    span: (window) => causalSpan(position, window),
  }));
  const wanted: { row: number; target: number }[] = [];
  for (const { continuation } of branches) {
    const begin = tokens.length;
    continuation.forEach((target, i) => {
      // The last token of the context predicts the first of every continuation.
      wanted.push({ row: i === 0 ? n - 1 : begin + i - 1, target });
      if (i === continuation.length - 1) return;
      const place = { context: n, begin, index: i };
      tokens.push({ id: target, position: n + i, span: (window) => branchSpan(place, window) });
    });
  }
  const length = Math.max(...branches.map(inputLength));
  const scored = await scoreTokens(model, { tokens, length }, wanted, trace);
  let at = 0;
  return branches.map(({ continuation }) => {
    const part = scored.slice(at, (at += continuation.length));
    return {
      logprob: part.reduce((sum, { logprob }) => sum + logprob, 0),
      is_greedy: part.every(({ best }, i) => best === continuation[i]),
      tokens: continuation.length,
    };
  });
}

interface PlacedToken {
  id: number;
  position: number;
  /** The slots it sees under a window. */
  span(this: void, window: number | undefined): SlotSpan;
}

/** Forward passes over tokens at slots 0, 1, …, and the log-probabilities wanted at their rows. */
async function scoreTokens(
  model: Model,
  { tokens, length }: { tokens: readonly PlacedToken[]; length: number },
  wanted: readonly { row: number; target: number }[],
  trace: Trace | undefined,
): Promise<TokenLogprob[]> {
  await reserve(model, tokens.length, tokens.length);
  const results = new Array<TokenLogprob>(wanted.length);
  for (let begin = 0; begin < tokens.length; begin += MAX_TOKENS) {
    const part = tokens.slice(begin, begin + MAX_TOKENS);
    forward(model, {
      ids: part.map(({ id }) => id),
      positions: part.map(({ position }) => position),
      spans: (window) => part.map(({ span }) => span(window)),
      first_slot: begin,
      length,
      phase: 'prefill',
    });
    const places = [...wanted.keys()].filter(
      (i) => wanted[i]!.row >= begin && wanted[i]!.row < begin + part.length,
    );
    if (places.length === 0) continue;
    const scored = await scoreWanted(
      model,
      places.map((i) => ({ row: wanted[i]!.row - begin, target: wanted[i]!.target })),
      trace,
    );
    places.forEach((place, i) => (results[place] = scored[i]!));
  }
  return results;
}

/** The text before the first stop, each applied in turn as the harness does. */
const cutAt = (text: string, stops: readonly string[]): string =>
  stops.reduce((kept, stop) => (stop === '' ? kept : kept.split(stop)[0]!), text);

const sameTokens = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
