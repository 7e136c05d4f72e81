import { TASKS, type TaskName } from '../../../eval/tasks/tasks.ts';
import type { MetricValue } from '../../../eval/stats/metric.ts';
import type { Comparison, ExperimentResult } from '../../../study/result.ts';
import type { QuantConfig } from '../../../quant/config.ts';
import { distinctNames } from '../../../study/view/config_names.ts';
import { decimals, pValue, whole } from '../../../study/view/format.ts';

/** A configuration as a line of the table. */
export interface ResultRow {
  index: number;
  config: QuantConfig;
  name: string;
  bits_per_weight: number;
  bitsandbytes_bytes: number;
  actual_bytes: number;
  tokens_per_second: number;
  /** In the order of the spec's tasks. */
  scores: ResultScore[];
}

/** A task's primary metric, and how it compares with the baseline's. */
export interface ResultScore {
  task: TaskName;
  n: number;
  metric: MetricValue | undefined;
  difference: string;
}

/** The lines of a result, in the spec's order. */
export function resultRows({ runs, comparisons }: ExperimentResult): ResultRow[] {
  const names = distinctNames(runs.map(({ config }) => config));
  const baseline = names[0] ?? '';
  return runs.map(({ config, footprint, tasks, timings }, index) => ({
    index,
    config,
    name: names[index]!,
    bits_per_weight: footprint.bits_per_weight,
    bitsandbytes_bytes: footprint.bitsandbytes_bytes,
    actual_bytes: footprint.actual_bytes,
    tokens_per_second: timings.tokens_per_second,
    scores: tasks.map(({ task, n, metrics }) => {
      const compared = comparisons.find((c) => c.config === index && c.task === task);
      return {
        task,
        n,
        metric: metrics[TASKS[task].primary_metric],
        difference: compared ? differenceText(compared, baseline) : '',
      };
    }),
  }));
}

/**
 * How a configuration's primary metric differs from the baseline's: "differs from float32 on 6 of 100: 1 gained, 5 lost,
 * p = 0.219"; of a perplexity "× 1.012 of float32 (95 %: 1.004 to 1.020), p = 0.004".
 */
export function differenceText({ task, n, means, ratios }: Comparison, baseline: string): string {
  const { primary_metric } = TASKS[task];
  const mean = means.find(({ metric }) => metric === primary_metric);
  if (mean) {
    const { gained, lost, p } = mean;
    if (gained + lost === 0) return unbroken(`as ${baseline} on each of ${whole(n)}`);
    const differing = `differs from ${baseline} on ${whole(gained + lost)} of ${whole(n)}`;
    return unbroken(`${differing}: ${whole(gained)} gained, ${whole(lost)} lost, ${pValue(p)}`);
  }
  const ratio = ratios.find(({ metric }) => metric === primary_metric);
  if (!ratio) return '';
  const { ci, p } = ratio;
  const range = ci ? ` (95 %: ${decimals(ci[0], 3)} to ${decimals(ci[1], 3)})` : '';
  return unbroken(
    `× ${decimals(ratio.ratio, 3)} of ${baseline}${range}${p === null ? '' : `, ${pValue(p)}`}`,
  );
}

/** Keeps a sign and its number on one line: "p = 0.2", "95 %", "× 1.01", "1 gained", "of 40". */
const unbroken = (text: string): string =>
  text.replaceAll(/ (?=[=<%]|gained|lost)|(?<=[=<×]|of) (?=\d)/g, '\u00a0');

/** What a table can be sorted by: a column, or a task's place in the spec. */
export type SortKey =
  'index' | 'name' | 'bits_per_weight' | 'bitsandbytes_bytes' | 'actual_bytes' | 'tokens_per_second' | number;

/** The lines in another order; a missing score goes last either way. */
export function sortedRows(rows: readonly ResultRow[], key: SortKey, descending: boolean): ResultRow[] {
  const valueOf = (row: ResultRow): number | string | undefined =>
    typeof key === 'number' ? row.scores[key]?.metric?.value : row[key];
  return [...rows].sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'string' ? x.localeCompare(String(y), 'en', { numeric: true }) : x - Number(y);
    return descending ? -order : order;
  });
}
