import { optionalInteger } from '../config_fields.ts';
import type { Family } from './family.ts';
import { llamaLike } from './llama_like.ts';

/** Mistral 7B, whose tokens look back no further than a window (Jiang et al. 2023). */
export const mistral: Family = {
  architectures: ['MistralForCausalLM'],
  parse: (json) => llamaLike(json, { window: optionalInteger(json, 'sliding_window') }),
};
