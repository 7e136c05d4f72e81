import { markdownText } from './report/quote.ts';
import type { ExperimentResult } from './result.ts';
import { errorText, losingRows, lossSentences } from './view/layer_losses.ts';
import { bitsText, megabytes, natsText, rangeText, scoreText, shareText, speedText } from './view/format.ts';
import { METRICS } from '../eval/stats/metric.ts';
import { answerOf } from './view/answer.ts';
import { auditSentence, peersOf } from './view/peer_text.ts';
import { pointsOf } from './view/points.ts';
import { textPicture } from './view/text_picture.ts';
import { viewOf, type ResultView, type ScoreView, type TaskView } from './view/view.ts';

/** A result as a Markdown table, one row a configuration, with the verdicts of its comparisons below. */
export function resultTable(result: ExperimentResult): string {
  const view = viewOf(result);
  const { rows, tasks, divergences, notes, warnings, adjusted } = view;
  const { verdict, take, proof } = answerOf(view);
  const losing = losingRows(rows);
  const pictures = tasks.flatMap((task) => pictureOf(view, task));
  const header = [
    ...['configuration', 'bits/weight', 'MB counted', 'MB true'],
    ...tasks.map(({ task, primary_metric }) => `${task} ${primary_metric}`),
    ...(losing.length > 0 ? ['output error'] : []),
    'tokens/s',
  ];
  const lines = rows.map(({ name, footprint, scores, loss, timings }) => [
    name,
    bitsText(footprint.bits_per_weight),
    megabytes(footprint.bitsandbytes_bytes),
    megabytes(footprint.actual_bytes),
    ...scores.map(scoreCell),
    ...(losing.length > 0 ? [loss ? errorText(loss.output_error) : '-'] : []),
    speedText(timings),
  ]);
  const verdicts = rows.flatMap(({ scores }) =>
    scores.flatMap(({ task, tested }) => (tested ? [`- ${task}: ${tested.verdict}.`] : [])),
  );
  const { adapter, model } = result.environment;
  return [
    `${markdownText(result.spec.title || 'Untitled')}: ${markdownText(model.name)}, ${(model.parameters / 1e6).toFixed(2)} M parameters, on ${markdownText(`${adapter.vendor} ${adapter.architecture}`)}`,
    '',
    ...(verdict === undefined ? [] : [verdict, '']),
    ...pictures,
    ...(take.length === 0
      ? []
      : [`Which one should I take? ${take[0]}`, ...take.slice(1).map((one) => `- ${one}`), '']),
    ...(proof.length < 2
      ? []
      : [
          table([PROOF_HEADER, ...proof.map((row) => [row.name, row.megabytes, row.changed, row.flips])]),
          '',
        ]),
    table([header, ...lines]),
    '',
    ...verdicts,
    ...(adjusted ? [`- ${adjusted}`] : []),
    ...tasks.flatMap(({ task, power }) => (power === undefined ? [] : [`- ${task}: ${power}.`])),
    ...divergences.map(
      ({ name, task, kl, same_top }) =>
        `- ${task}: ${name} has KL ${natsText(kl.value, kl.stderr)} to the baseline, and its top token ${shareText(same_top.value)} of the time.`,
    ),
    ...peersOf(view).map(({ name, audit }) => `- ${markdownText(`${name} ${auditSentence(audit)}`)}`),
    ...lossSentences(losing).map((sentence) => `- ${markdownText(sentence)}`),
    ...warnings.map((warning) => `- warning: ${markdownText(warning)}.`),
    ...(notes.length === 0 ? [] : ['', ...notes.map(markdownText)]),
    '',
    `digest ${result.digest.slice(0, 16)}, ${result.state}`,
  ].join('\n');
}

const PROOF_HEADER = ['configuration', 'MB true', 'answers that differ', 'flips'];

/** A task's scores as a picture of text, where there are two to compare. */
function pictureOf(view: ResultView, { task, title, primary_metric, higher_is_better }: TaskView): string[] {
  const points = pointsOf(view, { task, metric: primary_metric });
  if (points.length < 2) return [];
  const said = `${title}, ${METRICS[primary_metric].title}${higher_is_better ? '' : ', lower is better'}; -- 95 %, * nothing has fewer bits and scores better`;
  return [said, '', '```', ...textPicture(points, higher_is_better), '```', ''];
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
