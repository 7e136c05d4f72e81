import type { Doc } from '../../eval/doc.ts';
import type { ItemResult } from '../../eval/item.ts';
import { hashText } from '../digest.ts';

/** One answer with what was asked, told by hash: what two programs must share before their answers are compared. */
export interface Sample {
  /** lm-evaluation-harness's `prompt_hash`: SHA-256 of the first request's context, or of the text that is read. */
  prompt_hash: string;
  /** What was scored after the prompt, with what joins it on; empty where nothing is chosen. */
  continuations: readonly string[];
  item: ItemResult;
}

/** A task's answers. */
export interface TaskSamples {
  task: string;
  samples: Sample[];
}

/** All that one model answered, under the name that sentences give it. */
export interface ModelSamples {
  name: string;
  tasks: TaskSamples[];
}

/** The text before an answer, or the text that is read. */
export const promptOf = (doc: Doc): string =>
  doc.output_type === 'multiple_choice' || doc.output_type === 'generate_until' ? doc.context : doc.text;

/** The choices of a doc as they are scored: `[' a stone', ' a fern']`. */
export const continuationsOf = (doc: Doc): string[] =>
  doc.output_type === 'multiple_choice'
    ? doc.choices.map((choice) => (doc.target_delimiter ?? ' ') + choice)
    : [];

/** An answer of ours, with what was asked. */
export const sampleOf = (doc: Doc, item: ItemResult): Sample => ({
  prompt_hash: hashText(promptOf(doc)),
  continuations: continuationsOf(doc),
  item,
});
