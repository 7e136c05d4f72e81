import { powerOf } from '../eval/stats/power.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import { configName } from '../quant/config.ts';
import type { ExperimentResult, TaskResult } from './result.ts';

/** A result as a Markdown table, one row a configuration, with the verdicts of its comparisons below. */
export function resultTable(result: ExperimentResult): string {
  const { spec, runs, comparisons, environment } = result;
  const header = [
    'configuration',
    'bits/weight',
    'MB counted',
    'MB true',
    ...spec.tasks.map(taskHeading),
    'tokens/s',
  ];
  const rows = runs.map((run) => [
    configName(run.config),
    run.footprint.bits_per_weight.toFixed(3),
    megabytes(run.footprint.bitsandbytes_bytes),
    megabytes(run.footprint.actual_bytes),
    ...run.tasks.map(score),
    run.timings.tokens_per_second.toFixed(0),
  ]);
  const verdicts = comparisons.flatMap(({ task, means, ratios }) =>
    [...means, ...ratios]
      .filter(({ metric }) => metric === TASKS[task].primary_metric)
      .map(({ verdict }) => `- ${task}: ${verdict}.`),
  );
  const powers = spec.tasks.flatMap(({ task }) => {
    const compared = comparisons.filter((each) => each.task === task);
    const power = powerOf(compared, TASKS[task].primary_metric);
    return power === undefined ? [] : [`- ${task}: ${power}.`];
  });
  const { adapter, model } = environment;
  return [
    `${spec.title || 'Untitled'}: ${model.name}, ${(model.parameters / 1e6).toFixed(2)} M parameters, on ${adapter.vendor} ${adapter.architecture}`,
    '',
    table([header, ...rows]),
    '',
    ...verdicts,
    ...powers,
    ...divergences(result),
    '',
    `digest ${result.digest.slice(0, 16)}, ${result.state}`,
  ].join('\n');
}

const divergences = ({ runs, comparisons }: ExperimentResult): string[] =>
  comparisons.flatMap(({ config, task, divergence }) => {
    if (!divergence) return [];
    const { kl, same_top } = divergence;
    const name = configName(runs[config]!.config);
    return [
      `- ${task}: ${name} has KL ${kl.value.toFixed(5)} ± ${(kl.stderr ?? 0).toFixed(5)} to the baseline, and its top token ${(100 * same_top.value).toFixed(1)} % of the time.`,
    ];
  });

const taskHeading = ({ task }: { task: TaskResult['task'] }): string =>
  `${task} ${TASKS[task].primary_metric}`;

/** "0.915 ± 0.020, 0.868 to 0.946 (200)": the primary metric, its standard error, its 95 % interval, n. */
function score({ task, n, metrics }: TaskResult): string {
  const metric = metrics[TASKS[task].primary_metric];
  if (!metric) return '-';
  const error = metric.stderr === null ? '' : ` ± ${metric.stderr.toFixed(3)}`;
  const range = metric.ci ? `, ${metric.ci[0].toFixed(3)} to ${metric.ci[1].toFixed(3)}` : '';
  return `${metric.value.toFixed(3)}${error}${range} (${n})`;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(3);

/** Cells padded so that the Markdown reads as a table in a terminal, too. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}
