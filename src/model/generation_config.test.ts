import { describe, expect, it } from 'vitest';
import { parseGenerationConfig } from './generation_config.ts';
import { largest, logitsProcessors } from './process_logits.ts';

const parse = (json: unknown) => parseGenerationConfig(json, [7]);

describe('a generation_config.json', () => {
  it("overrules config.json's ends of a generation, even where it names none", () => {
    expect(parse(undefined).eos_token_ids).toEqual([7]);
    expect(parse({ eos_token_id: 2 }).eos_token_ids).toEqual([2]);
    expect(parse({ eos_token_id: [2, 3] }).eos_token_ids).toEqual([2, 3]);
    expect(parse({}).eos_token_ids).toEqual([]);
  });

  it("takes Qwen2.5-Instruct's settings: those of sampling change nothing greedy", () => {
    const config = parse({
      bos_token_id: 1,
      pad_token_id: 1,
      do_sample: true,
      eos_token_id: [2, 1],
      repetition_penalty: 1.05,
      temperature: 0.7,
      top_p: 0.8,
      top_k: 20,
      transformers_version: '4.37.0',
    });
    expect([config.not_computed, config.repetition_penalty]).toEqual([undefined, 1.05]);
    expect(logitsProcessors(config)).toHaveLength(1);
  });

  it.each([
    ['num_beams', 4],
    ['penalty_alpha', 0.6],
    ['guidance_scale', 1.5],
    ['encoder_repetition_penalty', 1.2],
    ['forced_bos_token_id', 3],
    ['forced_eos_token_id', 3],
    ['sequence_bias', [[[1], 2.0]]],
    ['exponential_decay_length_penalty', [5, 1.1]],
    ['stop_strings', ['\n']],
    ['watermarking_config', {}],
    ['token_healing', true],
    ['cache_implementation', 'quantized'],
    ['a_key_of_next_year', 3],
  ])('with %s: %j would be computed otherwise', (key, value) => {
    expect(parse({ [key]: value }).not_computed).toBe(
      `generation_config.json says ${key}: ${JSON.stringify(value)}; Nibble generates greedily, without that`,
    );
  });

  it.each([
    ['num_beams', 1],
    ['num_beams', null],
    ['penalty_alpha', 0],
    ['cache_implementation', 'hybrid'],
    ['token_healing', false],
  ])('with %s: %j is greedy', (key, value) => {
    expect(parse({ [key]: value }).not_computed).toBeUndefined();
  });

  it.each([
    ['repetition_penalty', 0, 'a number above 0'],
    ['no_repeat_ngram_size', -1, 'a whole number, 0 or more'],
    ['suppress_tokens', 5, 'a list of ids'],
    ['bad_words_ids', [3], 'a list of ids'],
  ])('with %s: %j is refused', (key, value, allowed) => {
    expect(() => parse({ [key]: value })).toThrow(`generation_config.json: ${key} is`);
    expect(() => parse({ [key]: value })).toThrow(`allowed: ${allowed}.`);
  });
});

/** Logits of five ids after ids of which the first two are the prompt. */
const processed = (json: object, ids: readonly number[], logits = [5, 4, 3, -2, -1]): number[] => {
  const changed = Float32Array.from(logits);
  for (const process of logitsProcessors(parse({ eos_token_id: 4, ...json }))) {
    process(changed, { ids, prompt: 2 });
  }
  return [...changed];
};
const NO = -Infinity;

// Values as transformers 5.24's processors of the same names give them.
describe('logits of the next id', () => {
  it.each([
    ['nothing set', {}, [0, 1], [5, 4, 3, -2, -1]],
    ['a penalty, once for each id that occurred', { repetition_penalty: 2 }, [0, 3, 0], [2.5, 4, 3, -4, -1]],
    ['no pair twice', { no_repeat_ngram_size: 2 }, [0, 1, 2, 0], [5, NO, 3, -2, -1]],
    ['no triple twice', { no_repeat_ngram_size: 3 }, [0, 1, 2, 0, 1], [5, 4, NO, -2, -1]],
    ['no id twice', { no_repeat_ngram_size: 1 }, [0, 2], [NO, 4, NO, -2, -1]],
    ['runs longer than the text', { no_repeat_ngram_size: 3 }, [0, 0], [5, 4, 3, -2, -1]],
    ['a bad word', { bad_words_ids: [[0]] }, [1, 2], [NO, 4, 3, -2, -1]],
    ['the end of a bad word', { bad_words_ids: [[1, 2, 0]] }, [3, 1, 2], [NO, 4, 3, -2, -1]],
    ['another beginning', { bad_words_ids: [[1, 2, 0]] }, [2, 2], [5, 4, 3, -2, -1]],
    ['a word longer than the text', { bad_words_ids: [[1, 2, 3, 0]] }, [2, 3], [5, 4, 3, -2, -1]],
    ['an end that is a bad word', { bad_words_ids: [[4], [0]] }, [1, 2], [NO, 4, 3, -2, -1]],
    ['too early to end', { min_new_tokens: 2 }, [1, 2, 3], [5, 4, 3, -2, NO]],
    ['late enough to end', { min_new_tokens: 2 }, [1, 2, 3, 3], [5, 4, 3, -2, -1]],
    ['a length of all ids', { min_length: 4 }, [1, 2, 3], [5, 4, 3, -2, NO]],
    ['which is long enough', { min_length: 3 }, [1, 2, 3], [5, 4, 3, -2, -1]],
    ['several ends', { min_length: 4, eos_token_id: [0, 4] }, [1, 2, 3], [NO, 4, 3, -2, NO]],
    ['suppressed', { suppress_tokens: [0, 9] }, [1, 2, 3], [NO, 4, 3, -2, -1]],
    ['suppressed first', { begin_suppress_tokens: [0] }, [1, 2], [NO, 4, 3, -2, -1]],
    ['suppressed first only', { begin_suppress_tokens: [0] }, [1, 2, 3], [5, 4, 3, -2, -1]],
  ])('%s', (_, json, ids, expected) => {
    expect(processed(json, ids)).toEqual(expected);
  });

  it('the largest is the first of equal ones', () => {
    expect(largest(Float32Array.from([1, 3, 3, NO]))).toBe(1);
  });
});
