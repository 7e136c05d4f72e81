import type { ModelReading } from '../result.ts';
import { whole } from './format.ts';

/** The version of transformers whose rules a model's files are read by. */
export const VERSION_5_RULE = 'those of transformers 5.24';

/** Whether texts begin with the BOS, in words. */
export const bosText = (in_front: boolean): string =>
  in_front ? 'a BOS stands in front of every text' : 'no BOS stands in front of a text';

/** What it means for a comparison that the weights lie on a 4-bit grid already. */
export const gridText = ({ blocks, on_grid }: NonNullable<ModelReading['weights_on_grid']>): string =>
  `These weights were quantized to 4 bits before they were stored as floats: ${whole(on_grid)} of ${whole(blocks)} blocks of a sample hold at most 16 evenly spaced values. Formats that find such a grid again, as Q4_1, Q4_K and HQQ do, lose almost nothing here, and would on weights as they were trained; so what this model says of one format against another does not carry over to others.`;

/** How a model's files were read, as rows of name and value; none of a result that does not say. */
export function readingRows(reading: ModelReading | undefined): string[][] {
  if (!reading) return [];
  const { bos_in_front, warnings, version_4_notes, weights_on_grid } = reading;
  return [
    ['Prompts', bosText(bos_in_front)],
    ['Rules', VERSION_5_RULE],
    ...(weights_on_grid ? [['Weights', gridText(weights_on_grid)]] : []),
    ...version_4_notes.map((note) => ['Version 4', note]),
    ...warnings.map((warning) => ['Warning', warning]),
  ];
}
