import type { Estimate } from '../../eval/stats/divergence.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import { configName } from '../../quant/config.ts';
import type { ExperimentResult } from '../result.ts';
import type { Section } from './parts.ts';

/** How far each configuration's distributions stray from the baseline's, on every task that reads texts. */
export function divergenceSections({ runs, comparisons }: ExperimentResult): Section[] {
  const rows = comparisons.flatMap(({ config, task, divergence }) => {
    if (!divergence) return [];
    const { tokens, kl, kl_percentiles, same_top, dp, dp_rms, perplexity_ratio, perplexity_ratio_ci } =
      divergence;
    const range = perplexity_ratio_ci?.map((ratio) => ratio.toFixed(4)).join(' to ');
    return [
      [
        `${configName(runs[config]!.config)}, ${TASKS[task].title}`,
        String(tokens),
        within(kl, 5),
        kl_percentiles[50].toFixed(5),
        kl_percentiles[99].toFixed(4),
        kl_percentiles[100].toFixed(4),
        within(same_top, 4),
        within(dp, 5),
        dp_rms.toFixed(4),
        `${perplexity_ratio.toFixed(4)}${range === undefined ? '' : ` (${range})`}`,
      ],
    ];
  });
  if (rows.length === 0) return [];
  const title = "Divergence from the baseline's distributions";
  const text = [
    `KL is that of the baseline's next-token distribution to the configuration's, in nats, over the whole vocabulary; Δp is the change of the right token's probability. Standard errors take tokens for independent.`,
  ];
  const header = [
    ...['Configuration, task', 'Tokens', 'Mean KL', 'Median KL', '99 % KL', 'Largest KL'],
    ...['Same top token', 'Mean Δp', 'RMS Δp', 'Perplexity ratio'],
  ];
  return [{ title, text, table: { header, rows } }];
}

/** "0.00210 ± 0.00004" */
const within = ({ value, stderr }: Estimate, digits: number): string =>
  stderr === null ? value.toFixed(digits) : `${value.toFixed(digits)} ± ${stderr.toFixed(digits)}`;
