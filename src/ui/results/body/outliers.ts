import type { ConfigRun } from '../../../study/result.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { count, whole } from '../../../study/view/format.ts';

type Outliers = NonNullable<ConfigRun['outliers']>;

/** The inputs of a block's Linear layers, as the record names them and as a person does. */
export const INPUT_NAMES: Record<Outliers[number]['input'], string> = {
  attention: 'into q, k, v',
  output: 'into o',
  mlp: 'into gate, up',
  down: 'into down',
};

/** "12 outlier columns in 3 of 16 inputs; most, 7, go into down of layer 2". */
export function outlierSentence(outliers: Outliers): string {
  const all = outliers.reduce((sum, { columns }) => sum + columns.length, 0);
  if (all === 0) {
    return `No column of any of ${count(outliers.length, 'input')} reached the threshold: everything was multiplied in integers.`;
  }
  const having = outliers.filter(({ columns }) => columns.length > 0);
  const most = having.reduce((a, b) => (b.columns.length > a.columns.length ? b : a));
  return `${count(all, 'outlier column')} in ${whole(having.length)} of ${count(outliers.length, 'input')}; most, ${whole(most.columns.length)}, go ${INPUT_NAMES[most.input]} of layer ${most.layer}.`;
}

/** The columns themselves. */
export const outlierTable = (outliers: Outliers): TableTwin => ({
  caption: 'Outlier columns by layer and input',
  head: ['layer', 'input', 'how many', 'columns'],
  rows: outliers.map(({ layer, input, columns }) => [
    layer,
    INPUT_NAMES[input],
    columns.length,
    columns.slice(0, 40).join(' ') + (columns.length > 40 ? ' …' : ''),
  ]),
});
