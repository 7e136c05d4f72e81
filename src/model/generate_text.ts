import { LabError } from '../errors.ts';
import type { GenerationConfig } from './generation_config.ts';
import type { GenerateOptions, Generation } from './language_model.ts';
import { tailSearch } from './tail.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** What a text is generated with, whoever computes its ids. */
export interface Writer {
  tokenizer: Tokenizer;
  generation: GenerationConfig;
  /** Tokens of the model's context. */
  max_length: number;
  /** Ids behind a prompt, up to `most` of them, each the most likely one. */
  ids: (prompt: readonly number[], most: number) => AsyncIterable<number>;
}

/** Greedy text behind a context, cut before the first stop, as lm-evaluation-harness 0.4.13 asks for it. */
export async function generateText(
  { tokenizer, generation, max_length, ids }: Writer,
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
  const prompt = tokenizer.encode(context).slice(-room);
  const stops = tokenizer.eos ? [...until, tokenizer.eos.text] : until;
  const ends = new Set([...generation.eos_token_ids, ...(tokenizer.eos ? [tokenizer.eos.id] : [])]);
  const most = Math.min(generation.max_new_tokens ?? max_gen_toks, max_length - prompt.length);
  const holdsStop = tailSearch(tokenizer, stops);
  const made: number[] = [];
  for await (const id of ids(prompt, most)) {
    made.push(id);
    if (ends.has(id) || holdsStop(id)) break;
  }
  return { text: cutAt(tokenizer.decode(made), stops), tokens: made.length };
}

/** The text before the first stop, each applied in turn as the harness does. */
const cutAt = (text: string, stops: readonly string[]): string =>
  stops.reduce((kept, stop) => (stop === '' ? kept : kept.split(stop)[0]!), text);
