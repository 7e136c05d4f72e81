import { METRICS, type MetricName } from '../../eval/stats/metric.ts';
import { powerOf } from '../../eval/stats/power.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import { configName } from '../../quant/config.ts';
import type { ConfigRun, ExperimentResult, TaskResult } from '../result.ts';
import { divergenceSections } from './divergence.ts';
import { environmentRows } from './environment.ts';
import { findings } from './findings.ts';
import { groupSection } from './groups.ts';
import type { Report, ReportOptions, Section, Table, Tradeoff } from './parts.ts';
import { reproduction } from './reproduce.ts';

/** A report of whatever a result holds, finished or not. */
export function buildReport(result: ExperimentResult, options: ReportOptions = {}): Report {
  const { spec, runs } = result;
  return {
    title: spec.title || 'Quantization experiment',
    summary: summary(result),
    sections: [
      { title: 'Configurations', text: [], table: overview(result) },
      ...spec.tasks.flatMap(({ task }, i) => {
        const parts = groupSection(runs, i, TASKS[task].title);
        return parts ? [taskSection(result, i), parts] : [taskSection(result, i)];
      }),
      ...divergenceSections(result),
      { title: 'Findings', text: findings(result) },
      {
        title: 'Environment and protocol',
        text: [],
        table: { header: ['', ''], rows: environmentRows(result) },
      },
    ],
    tradeoffs: spec.tasks.map((_, i) => tradeoff(runs, i)).filter(({ points }) => points.length > 1),
    reproduce: reproduction(result, options),
  };
}

function summary({ spec, runs, environment, state, failure, failures = [] }: ExperimentResult): string[] {
  const items = spec.tasks.map(({ task }, i) => `${runs[0]?.tasks[i]?.n ?? 0} of ${TASKS[task].title}`);
  const { model } = environment;
  const sentences = [
    `${model.name} (${model.architecture}, ${(model.parameters / 1e6).toFixed(1)} million parameters) answered ${items.join(', ')} in ${runs.length} configurations; the first one, ${runs[0] ? configName(runs[0].config) : 'none'}, is the baseline.`,
  ];
  if (state !== 'done') {
    sentences.push(
      `The run is not complete (${failure ? failure.message : state}); this is what it measured.`,
    );
  }
  if (state === 'done') {
    for (const failed of failures) {
      sentences.push(`${configName(failed.config)} failed and was left behind: ${failed.failure.message}`);
    }
  }
  return sentences;
}

function overview({ runs }: ExperimentResult): Table {
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
    rows: runs.map(({ config, footprint, timings, tasks }) => [
      configName(config),
      footprint.bits_per_weight.toFixed(3),
      megabytes(footprint.bitsandbytes_bytes),
      megabytes(footprint.actual_bytes),
      `${(runs[0]!.footprint.bitsandbytes_bytes / footprint.bitsandbytes_bytes).toFixed(2)}×`,
      timings.tokens_per_second.toFixed(1),
      ...itemPace(
        tasks.reduce((sum, { n }) => sum + n, 0),
        timings.answer_seconds,
      ),
      timings.load_seconds.toFixed(1),
    ]),
  };
}

function taskSection({ spec, runs, comparisons }: ExperimentResult, index: number): Section {
  const tasks = runs.map(({ tasks }) => tasks[index]!);
  const { task } = spec.tasks[index]!;
  const { title, metrics, primary_metric } = TASKS[task];
  const power = powerOf(
    comparisons.filter((each) => each.task === task),
    primary_metric,
  );
  return {
    title,
    text: power === undefined ? [] : [`${power}.`],
    table: {
      header: ['Configuration', 'n', ...metrics],
      rows: runs.map(({ config }, i) => [
        configName(config),
        String(tasks[i]!.n),
        ...metrics.map((metric) => metricText(tasks[i]!, metric)),
      ]),
    },
  };
}

/** "0.9150 ± 0.0200 (0.868 to 0.946)": standard error and 95 % interval, each where there is one. */
export function metricText({ metrics }: TaskResult, name: MetricName): string {
  const metric = metrics[name];
  if (!metric) return '';
  const { value, stderr, ci } = metric;
  const error = stderr === null ? '' : ` ± ${stderr.toFixed(4)}`;
  return `${value.toFixed(4)}${error}${ci ? ` (${ci[0].toFixed(3)} to ${ci[1].toFixed(3)})` : ''}`;
}

function tradeoff(runs: readonly ConfigRun[], index: number): Tradeoff {
  const task = runs[0]?.tasks[index]?.task ?? 'mini_arc';
  const { title, primary_metric } = TASKS[task];
  return {
    title: `${title}, ${primary_metric}`,
    higher_is_better: METRICS[primary_metric].higher_is_better,
    points: runs.flatMap(({ config, footprint, tasks }) => {
      const metric = tasks[index]?.metrics[primary_metric];
      if (!metric) return [];
      return [{ name: configName(config), bits: footprint.bits_per_weight, ...metric }];
    }),
  };
}

/** Throughput and latency: items are asked one by one, so that each is the other's inverse. */
const itemPace = (items: number, seconds: number): string[] =>
  items > 0 && seconds > 0 ? [(items / seconds).toFixed(2), ((1000 * seconds) / items).toFixed(1)] : ['', ''];

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
