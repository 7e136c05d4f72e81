import type { MetricValue } from '../../eval/stats/metric.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import { bitsText, count, megabytes, rangeText, scoreText, speedText } from '../view/format.ts';
import { pointsOf } from '../view/points.ts';
import { answerOf, type Answer } from '../view/answer.ts';
import { viewOf, type ResultView, type TaskView } from '../view/view.ts';
import type { ExperimentResult, Timings } from '../result.ts';
import { divergenceSections } from './divergence_table.ts';
import { errorSections } from './error_table.ts';
import { environmentRows } from './environment.ts';
import { findings } from './findings.ts';
import { groupSections } from './parts_table.ts';
import { peerSections } from './peer_table.ts';
import type { Report, ReportOptions, Section, Table, Tradeoff } from './parts.ts';
import { reproduction } from './reproduce.ts';

/** The report of a result, finished or not. */
export function buildReport(result: ExperimentResult, options: ReportOptions = {}): Report {
  const view = viewOf(result);
  const answer = answerOf(view);
  return {
    title: result.spec.title || 'Quantization experiment',
    verdict: answer.verdict,
    summary: summary(result, view),
    answer: answerSections(answer),
    sections: [
      { title: 'Configurations', text: [], table: overview(view) },
      ...view.tasks.flatMap((task, i) => [taskSection(view, task, i), ...groupSections(view, task)]),
      ...peerSections(view),
      ...divergenceSections(view),
      ...errorSections(view),
      { title: 'Findings', text: findings(view) },
      {
        title: 'Environment and protocol',
        text: [],
        table: { header: ['', ''], rows: environmentRows(result) },
      },
    ],
    tradeoffs: view.tasks.map((task) => tradeoff(view, task)).filter(({ points }) => points.length > 1),
    reproduce: reproduction(result, options),
  };
}

function answerSections({ take, proof }: Answer): Section[] {
  const header = [
    'Configuration',
    'Bits per weight',
    'MB true',
    "Answers that differ from the baseline's",
    'Flips',
  ];
  const rows = proof.map(({ name, bits, megabytes: mb, changed, flips }) => [name, bits, mb, changed, flips]);
  return [
    ...(take.length === 0 ? [] : [{ title: 'Which one should I take?', text: take }]),
    ...(rows.length < 2 ? [] : [{ title: 'That each is what it says', text: [], table: { header, rows } }]),
  ];
}

function summary(
  { spec, runs, environment, state, failure }: ExperimentResult,
  { rows, baseline, notes, warnings }: ResultView,
): string[] {
  const items = spec.tasks.map(
    ({ task }, i) => `${Math.max(0, ...runs.map(({ tasks }) => tasks[i]!.n))} of ${TASKS[task].title}`,
  );
  const { model } = environment;
  const sentences = [
    `${model.name} (${model.architecture}, ${(model.parameters / 1e6).toFixed(1)} million parameters) answered ${items.join(', ')} in ${count(rows.length, 'configuration')}${baseline ? `; the first one, ${baseline.name}, is the baseline` : ''}.`,
  ];
  if (state !== 'done') {
    const why = failure ? failure.message : state === 'incomplete' ? 'answers are missing' : state;
    sentences.push(`The run is not complete (${why}); this is what it measured.`);
  }
  return [
    ...sentences,
    ...notes,
    ...warnings.map((warning) => `A warning of the model's files: ${warning}.`),
  ];
}

function overview({ rows, baseline }: ResultView): Table {
  return {
    header: [
      'Configuration',
      'Bits per weight',
      'MB counted',
      'MB true',
      'Compression',
      'Tokens/s',
      'Items/s',
      'ms/item',
      'Load s',
    ],
    rows: rows.map(({ name, footprint, timings }) => [
      name,
      bitsText(footprint.bits_per_weight),
      megabytes(footprint.bitsandbytes_bytes),
      megabytes(footprint.actual_bytes),
      baseline ? `${(baseline.footprint.bitsandbytes_bytes / footprint.bitsandbytes_bytes).toFixed(2)}×` : '',
      speedText(timings),
      ...itemPace(timings),
      timings.load_seconds.toFixed(1),
    ]),
  };
}

function taskSection({ rows }: ResultView, { title, metrics, power }: TaskView, at: number): Section {
  return {
    title,
    text: power === undefined ? [] : [`${power}.`],
    table: {
      header: ['Configuration', 'n', ...metrics],
      rows: rows.map(({ name, scores }) => {
        const { n, metrics: own } = scores[at]!;
        return [name, String(n), ...metrics.map((metric) => scoreAndRange(own[metric]))];
      }),
    },
  };
}

/** "0.915 ± 0.020 (0.868 to 0.946)": standard error and 95 % interval, each where there is one. */
const scoreAndRange = (metric: MetricValue | undefined): string =>
  metric ? `${scoreText(metric)}${metric.ci ? ` (${rangeText(metric.ci)})` : ''}` : '';

function tradeoff(view: ResultView, { task, primary_metric, higher_is_better }: TaskView): Tradeoff {
  const shown = { task, metric: primary_metric };
  return { shown, higher_is_better, points: pointsOf(view, shown) };
}

/**
 * Throughput and latency: items are asked one by one, so that each is the other's inverse. Blank where it is not known
 * which items the seconds are of.
 */
const itemPace = ({ items = 0, answer_seconds: seconds }: Timings): string[] =>
  items > 0 && seconds > 0 ? [(items / seconds).toFixed(2), ((1000 * seconds) / items).toFixed(1)] : ['', ''];
