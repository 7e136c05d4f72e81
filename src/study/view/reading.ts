import type { ModelReading } from '../result.ts';

/** The version of transformers whose rules a model's files are read by. */
export const VERSION_5_RULE = 'those of transformers 5.24';

/** Whether texts begin with the BOS, in words. */
export const bosText = (in_front: boolean): string =>
  in_front ? 'a BOS stands in front of every text' : 'no BOS stands in front of a text';

/** How a model's files were read, as rows of name and value; none of a result that does not say. */
export function readingRows(reading: ModelReading | undefined): string[][] {
  if (!reading) return [];
  const { bos_in_front, warnings, version_4_notes } = reading;
  return [
    ['Prompts', bosText(bos_in_front)],
    ['Rules', VERSION_5_RULE],
    ...version_4_notes.map((note) => ['Version 4', note]),
    ...warnings.map((warning) => ['Warning', warning]),
  ];
}
