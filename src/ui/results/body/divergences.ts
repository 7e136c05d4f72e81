import { TASKS } from '../../../eval/tasks/tasks.ts';
import type { ExperimentResult } from '../../../study/result.ts';
import { decimals, digits3, whole } from '../../words/format.ts';

/** A line of the table: the configuration, and its cells as text. */
export interface DivergenceRow {
  name: string;
  cells: string[];
}

/** Every comparison that was made token by token. */
export const divergenceRows = (
  { comparisons }: ExperimentResult,
  names: readonly string[],
): DivergenceRow[] =>
  comparisons.flatMap(({ config, task, divergence }): DivergenceRow[] => {
    if (!divergence) return [];
    const { tokens, kl, kl_percentiles, same_top, dp_rms, perplexity_ratio, perplexity_ratio_ci } =
      divergence;
    const range = perplexity_ratio_ci?.map((end) => decimals(end, 3)).join(' to ');
    return [
      {
        name: names[config]!,
        cells: [
          TASKS[task].title,
          whole(tokens),
          withError(kl, digits3),
          digits3(kl_percentiles[99]),
          withError(
            { value: 100 * same_top.value, stderr: same_top.stderr && 100 * same_top.stderr },
            (x) => decimals(x, 1),
            ' %',
          ),
          `${decimals(100 * dp_rms, 2)} points`,
          `× ${decimals(perplexity_ratio, 4)}${range ? `, 95 %: ${range}` : ''}`,
        ],
      },
    ];
  });

const withError = (
  { value, stderr }: { value: number; stderr: number | null },
  print: (x: number) => string,
  unit = '',
): string => `${print(value)}${stderr === null ? '' : ` ± ${print(stderr)}`}${unit}`;
