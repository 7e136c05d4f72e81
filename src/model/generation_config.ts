import { LabError } from '../errors.ts';
import { eosIds, fieldsOf, isObject, type Json } from './config_fields.ts';
import { fatesByTable, reasonIn, refusedOf, sharing, type KeyFate } from './key_fates.ts';

/** What a model's generation_config.json makes of greedy generation, as transformers' generate(do_sample=False). */
export interface GenerationConfig {
  /** Ids that end a generation. */
  eos_token_ids: readonly number[];
  /** Logits of ids that occurred are divided by it where positive, multiplied where negative; 1 is none. */
  repetition_penalty: number;
  /** No run of so many ids occurs twice; 0 is no limit. */
  no_repeat_ngram_size: number;
  /** Sequences of ids whose last is never made behind the others. */
  bad_words_ids: readonly (readonly number[])[];
  /** Ids, prompt included, before which none of eos_token_ids is made. */
  min_length: number;
  /** The same of the ids made. */
  min_new_tokens: number;
  /** The most ids made, whatever a task allows; undefined for what it does. */
  max_new_tokens: number | undefined;
  suppress_tokens: readonly number[];
  /** Ids that are not made first. */
  begin_suppress_tokens: readonly number[];
  /** Settings that would change greedy text and are not computed, as a sentence; a task that generates is refused. */
  not_computed: string | undefined;
}

/** Keys that change no greedy text of one sequence, and why. */
const HARMLESS: Record<string, string> = {
  ...sharing('the harness asks for greedy text', 'do_sample'),
  ...sharing('only in sampling', 'temperature top_k top_p min_p top_h typical_p epsilon_cutoff eta_cutoff'),
  ...sharing('only in a search with beams', 'length_penalty early_stopping diversity_penalty'),
  ...sharing("the harness' own counts", 'max_length'),
  ...sharing('how it is computed', 'use_cache max_cache_len cache_config low_memory prefill_chunk_size'),
  ...sharing('how it is computed', 'compile_config disable_compile continuous_batching_config'),
  ...sharing('a prompt is there, and needs no padding', 'bos_token_id pad_token_id decoder_start_token_id'),
  ...sharing('what else is given back', 'output_attentions output_hidden_states output_scores output_logits'),
  ...sharing('how it is given back', 'return_dict_in_generate'),
  ...sharing('only with a second model', 'is_assistant num_assistant_tokens num_assistant_tokens_schedule'),
  ...sharing(
    'only with a second model',
    'assistant_confidence_threshold assistant_lookbehind target_lookbehind',
  ),
  ...sharing('only with a second model', 'assistant_ensemble_weight max_matching_ngram_size'),
  ...sharing('the largest of finite logits stays the largest', 'remove_invalid_values renormalize_logits'),
  ...sharing(
    'who wrote it',
    '_from_model_config transformers_version _commit_hash chat_format max_window_size',
  ),
};

/** Keys that change greedy text unless they have one of these values. */
const NEUTRAL: Record<string, readonly unknown[]> = {
  num_beams: [1],
  num_beam_groups: [1],
  num_return_sequences: [1],
  penalty_alpha: [0],
  guidance_scale: [1],
  // With one model these look at the prompt.
  encoder_repetition_penalty: [1],
  encoder_no_repeat_ngram_size: [0],
  cache_implementation: ['dynamic', 'static', 'offloaded', 'offloaded_static', 'hybrid', 'sliding_window'],
};

const COMPUTED = [
  'eos_token_id',
  'repetition_penalty',
  'no_repeat_ngram_size',
  'bad_words_ids',
  'min_length',
  'min_new_tokens',
  'max_new_tokens',
  'suppress_tokens',
  'begin_suppress_tokens',
];

/**
 * Reads a generation_config.json (transformers 5.24, generation/configuration_utils.py).
 * @param json undefined where there is no such file: then config.json's eos_token_id counts, which otherwise does not
 * @throws bad-config naming a key, its value and what is allowed
 */
export function parseGenerationConfig(json: unknown, configEos: readonly number[]): GenerationConfig {
  const found = json ?? {};
  if (!isObject(found)) throw new LabError('bad-config', 'generation_config.json is not a JSON object.');
  return {
    eos_token_ids: json === undefined ? configEos : eosIds(fieldsOf(found)),
    repetition_penalty: numberOf(found, 'repetition_penalty', 1, (value) => value > 0, 'a number above 0'),
    no_repeat_ngram_size: countOf(found, 'no_repeat_ngram_size'),
    bad_words_ids: badWordsOf(found),
    min_length: countOf(found, 'min_length'),
    min_new_tokens: countOf(found, 'min_new_tokens'),
    max_new_tokens: countOf(found, 'max_new_tokens') || undefined,
    suppress_tokens: idsOf('suppress_tokens', found.suppress_tokens ?? []),
    begin_suppress_tokens: idsOf('begin_suppress_tokens', found.begin_suppress_tokens ?? []),
    not_computed: notComputed(found),
  };
}

/** What becomes of each key of a generation_config.json. */
export const generationFates = (json: Json): KeyFate[] =>
  fatesByTable(
    json,
    (key) => COMPUTED.includes(key),
    (key, value) =>
      reasonIn(HARMLESS)(key) ??
      (Object.hasOwn(NEUTRAL, key) && NEUTRAL[key]!.includes(value)
        ? 'this value changes no greedy text'
        : undefined),
    (value) => value === null || value === false,
  );

function notComputed(json: Json): string | undefined {
  const wrong = refusedOf(generationFates(json));
  if (wrong.length === 0) return undefined;
  const said = wrong.map(({ key, value }) => `${key}: ${JSON.stringify(value)}`).join(', ');
  return `generation_config.json says ${said}; Nibble generates greedily, without that`;
}

function numberOf(
  json: Json,
  field: string,
  missing: number,
  allows: (value: number) => boolean,
  allowed: string,
): number {
  const value = json[field] ?? missing;
  if (typeof value === 'number' && allows(value)) return value;
  throw bad(field, value, allowed);
}

const countOf = (json: Json, field: string): number =>
  numberOf(json, field, 0, (value) => Number.isInteger(value) && value >= 0, 'a whole number, 0 or more');

function badWordsOf({ bad_words_ids }: Json): number[][] {
  const words = bad_words_ids ?? [];
  if (!Array.isArray(words)) throw bad('bad_words_ids', words, 'a list of lists of ids');
  return words.map((ids) => idsOf('bad_words_ids', ids)).filter((ids) => ids.length > 0);
}

function idsOf(field: string, value: unknown): number[] {
  if (Array.isArray(value) && value.every((id) => Number.isInteger(id))) return value as number[];
  throw bad(field, value, 'a list of ids');
}

const bad = (field: string, value: unknown, allowed: string): LabError =>
  new LabError(
    'bad-config',
    `generation_config.json: ${field} is ${JSON.stringify(value)}; allowed: ${allowed}.`,
  );
