import { TASKS } from '../eval/tasks/tasks.ts';
import type { ItemLength } from '../model/item_length.ts';
import type { TaskSpec } from './spec.ts';

/** Characters a token of English text, in the tokenizers of today's models. */
export const CHARACTERS_PER_TOKEN = 4;

/** The length of an item of a task, by its usual characters; of a text of the user's own one token is all that is sure. */
export function usualItem(
  { task, limit = Infinity, doc_ids, num_fewshot = 0 }: TaskSpec,
  most: number,
): ItemLength {
  const { size, output_type } = TASKS[task];
  if (!size) return { context: 1, tails: [1], generated: 0, together: 1 };
  const { characters, generated, choices, items } = size;
  const prompt = Math.ceil(((1 + num_fewshot) * characters) / CHARACTERS_PER_TOKEN);
  const tokens = Math.max(1, Math.min(most, prompt));
  const together = doc_ids?.length ?? Math.min(limit, items);
  switch (output_type) {
    case 'multiple_choice':
      return { context: tokens, tails: Array<number>(choices).fill(1), generated: 0, together };
    case 'loglikelihood_rolling':
      return { context: 1, tails: [tokens], generated: 0, together };
    case 'generate_until':
      return {
        context: tokens,
        tails: [],
        generated: Math.ceil(generated / CHARACTERS_PER_TOKEN),
        together: 1,
      };
    case 'classify':
      return { context: tokens, tails: [], generated: 0, together: 1 };
  }
}
