import { oneNumber, shortText, wholeNumber, word } from '../page/query_state.ts';

/** Models whose config.json comes with the page. */
export const MODELS = [
  'SmolLM2-135M',
  'SmolLM2-360M',
  'Qwen2.5-0.5B',
  'Llama-3.2-1B',
  'Qwen2.5-3B',
  'gpt2',
  'gpt2-ag-news',
] as const;

export type ModelName = (typeof MODELS)[number];

/** The ranks people train. */
export const RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** The shortest context the slider shows; the longest is the model's own. */
export const LEAST_CONTEXT = 128;

/** Fields of Footprint's address; `missing` is the value the screen begins with: `model=gpt2&rank=8`. */
export const FOOTPRINT_QUERY = {
  model: word<ModelName>('model', MODELS, 'Llama-3.2-1B'),
  context: wholeNumber('context', LEAST_CONTEXT, 2 ** 24, 2048),
  rank: oneNumber('rank', RANKS, 16),
  layers: shortText('layers', 200),
};
