import type { ConfigRun } from '../result.ts';
import { count, whole } from './format.ts';

/** Columns that LLM.int8() multiplied in floats, by layer and input. */
export type Outliers = NonNullable<ConfigRun['outliers']>;

/** The inputs of a block's Linear layers, as the record names them and as a person does. */
export const INPUT_NAMES: Record<Outliers[number]['input'], string> = {
  attention: 'into q, k, v',
  output: 'into o',
  mlp: 'into gate, up',
  down: 'into down',
};

/** A sentence on outlier columns: "12 outlier columns in 3 of 16 inputs; most, 7, go into down of layer 2". */
export function outlierSentence(outliers: Outliers): string {
  const all = outliers.reduce((sum, { columns }) => sum + columns.length, 0);
  if (all === 0) {
    return `No column of any of ${count(outliers.length, 'input')} reached the threshold: everything was multiplied in integers.`;
  }
  const having = outliers.filter(({ columns }) => columns.length > 0);
  const most = having.reduce((a, b) => (b.columns.length > a.columns.length ? b : a));
  return `${count(all, 'outlier column')} in ${whole(having.length)} of ${count(outliers.length, 'input')}; most, ${whole(most.columns.length)}, go ${INPUT_NAMES[most.input]} of layer ${most.layer}.`;
}
