import { pValue } from '../../eval/stats/p_value.ts';
import type { SamplesCompared } from '../samples/compare_samples.ts';
import { digits3, whole } from './format.ts';

/** Columns of a table of answers beside samples; behind the first two they are numbers. */
export const SAMPLES_HEADER = [
  ...['Configuration', 'Task', 'Items', 'Largest difference', 'Gained', 'Lost', 'p'],
];

/** A configuration's answers to a task beside samples, as a row: of what is counted by task, the first metric. */
export function samplesRow({ other, task, n, worst, paired }: SamplesCompared): string[] {
  const [test] = paired.means;
  const flips = test
    ? [whole(test.gained), whole(test.lost), pValue(test.p).replace(/^p (= )?/, '')]
    : ['-', '-', '-'];
  return [other, task, whole(n), worst === null ? '-' : `${digits3(worst)} nats`, ...flips];
}
