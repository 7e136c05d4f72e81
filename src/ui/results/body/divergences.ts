import { TASKS } from '../../../eval/tasks/tasks.ts';
import type { ExperimentResult } from '../../../study/result.ts';
import { decimals, natsText, ratioText, shareText, whole } from '../../../study/view/format.ts';

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
    const { tokens, kl, kl_percentiles, same_top, dp_rms } = divergence;
    return [
      {
        name: names[config]!,
        cells: [
          TASKS[task].title,
          whole(tokens),
          natsText(kl.value, kl.stderr),
          natsText(kl_percentiles[99]),
          shareText(same_top.value, same_top.stderr),
          `${decimals(100 * dp_rms, 2)} points`,
          ratioText(divergence),
        ],
      },
    ];
  });
