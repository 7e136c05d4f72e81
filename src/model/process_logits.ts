import type { GenerationConfig } from './generation_config.ts';

/** A sequence that is being generated: all ids so far, of which the first `prompt` were given. */
export interface Sequence {
  ids: readonly number[];
  prompt: number;
}

/** Changes the logits of the next id in place. */
export type Processor = (logits: Float32Array, sequence: Sequence) => void;

/**
 * Lists what a generation config does to logits before the largest is taken, in transformers' order
 * (generation/utils.py, _get_logits_processor; generation/logits_process.py); an empty list for most.
 */
export function logitsProcessors(config: GenerationConfig): Processor[] {
  const eos = config.eos_token_ids;
  const words = config.bad_words_ids.filter(([first, ...more]) => more.length > 0 || !eos.includes(first!));
  return [
    ...(config.repetition_penalty === 1 ? [] : [repetitionPenalty(config.repetition_penalty)]),
    ...(config.no_repeat_ngram_size === 0 ? [] : [noRepeatNgram(config.no_repeat_ngram_size)]),
    ...(words.length === 0 ? [] : [noBadWords(words)]),
    ...(eos.length === 0 || (config.min_length === 0 && config.min_new_tokens === 0)
      ? []
      : [minLength(config)]),
    ...(config.suppress_tokens.length === 0 ? [] : [suppress(config.suppress_tokens)]),
    ...(config.begin_suppress_tokens.length === 0 ? [] : [suppressFirst(config.begin_suppress_tokens)]),
  ];
}

/** Computed in float32, as torch does (Keskar et al. 2019). */
const repetitionPenalty =
  (penalty: number): Processor =>
  (logits, { ids }) => {
    const p = Math.fround(penalty);
    for (const id of new Set(ids)) {
      const logit = logits[id];
      if (logit !== undefined) logits[id] = logit < 0 ? logit * p : logit / p;
    }
  };

const noRepeatNgram =
  (size: number): Processor =>
  (logits, { ids }) => {
    if (ids.length < size) return;
    const prefix = ids.slice(ids.length + 1 - size);
    for (let begin = 0; begin + size <= ids.length; begin++) {
      if (prefix.every((id, i) => ids[begin + i] === id)) ban(logits, [ids[begin + size - 1]!]);
    }
  };

const noBadWords =
  (words: GenerationConfig['bad_words_ids']): Processor =>
  (logits, { ids }) => {
    for (const word of words) {
      const prefix = word.slice(0, -1);
      const begin = ids.length - prefix.length;
      if (begin >= 0 && prefix.every((id, i) => ids[begin + i] === id)) ban(logits, word.slice(-1));
    }
  };

const minLength =
  ({ eos_token_ids, min_length, min_new_tokens }: GenerationConfig): Processor =>
  (logits, { ids, prompt }) => {
    // A length of new ids overrules one of all ids.
    const least = min_new_tokens > 0 ? prompt + min_new_tokens : min_length;
    if (ids.length < least) ban(logits, eos_token_ids);
  };

const suppress =
  (banned: readonly number[]): Processor =>
  (logits) =>
    ban(logits, banned);

const suppressFirst =
  (banned: readonly number[]): Processor =>
  (logits, { ids, prompt }) => {
    if (ids.length === prompt) ban(logits, banned);
  };

function ban(logits: Float32Array, ids: readonly number[]): void {
  for (const id of ids) if (id >= 0 && id < logits.length) logits[id] = -Infinity;
}

/** The place of the largest logit, the first of equal ones. */
export function largest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}
