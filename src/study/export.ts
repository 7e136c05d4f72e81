import { markdownText } from './report/quote.ts';
import type { ExperimentResult } from './result.ts';
import { bitsText, megabytes, natsText, rangeText, scoreText, shareText, speedText } from './view/format.ts';
import { viewOf, type ScoreView } from './view/view.ts';

/** A result as a Markdown table, one row a configuration, with the verdicts of its comparisons below. */
export function resultTable(result: ExperimentResult): string {
  const { rows, tasks, divergences, notes, warnings, adjusted } = viewOf(result);
  const header = [
    ...['configuration', 'bits/weight', 'MB counted', 'MB true'],
    ...tasks.map(({ task, primary_metric }) => `${task} ${primary_metric}`),
    'tokens/s',
  ];
  const lines = rows.map(({ name, footprint, scores, timings }) => [
    name,
    bitsText(footprint.bits_per_weight),
    megabytes(footprint.bitsandbytes_bytes),
    megabytes(footprint.actual_bytes),
    ...scores.map(scoreCell),
    speedText(timings),
  ]);
  const verdicts = rows.flatMap(({ scores }) =>
    scores.flatMap(({ task, tested }) => (tested ? [`- ${task}: ${tested.verdict}.`] : [])),
  );
  const { adapter, model } = result.environment;
  return [
    `${markdownText(result.spec.title || 'Untitled')}: ${markdownText(model.name)}, ${(model.parameters / 1e6).toFixed(2)} M parameters, on ${markdownText(`${adapter.vendor} ${adapter.architecture}`)}`,
    '',
    table([header, ...lines]),
    '',
    ...verdicts,
    ...(adjusted ? [`- ${adjusted}`] : []),
    ...tasks.flatMap(({ task, power }) => (power === undefined ? [] : [`- ${task}: ${power}.`])),
    ...divergences.map(
      ({ name, task, kl, same_top }) =>
        `- ${task}: ${name} has KL ${natsText(kl.value, kl.stderr)} to the baseline, and its top token ${shareText(same_top.value)} of the time.`,
    ),
    ...warnings.map((warning) => `- warning: ${markdownText(warning)}.`),
    ...(notes.length === 0 ? [] : ['', ...notes.map(markdownText)]),
    '',
    `digest ${result.digest.slice(0, 16)}, ${result.state}`,
  ].join('\n');
}

/** "0.915 ± 0.020, 0.868 to 0.946 (200)": the primary metric, its standard error, its 95 % interval, n. */
const scoreCell = ({ primary, n }: ScoreView): string =>
  primary ? `${scoreText(primary)}${primary.ci ? `, ${rangeText(primary.ci)}` : ''} (${n})` : '-';

/** Cells padded so that the Markdown reads as a table in a terminal, too. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}
