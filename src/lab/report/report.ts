import { METRICS, type MetricName } from '../../eval/metric.ts';
import { TASKS } from '../../eval/tasks.ts';
import { configName } from '../../quant/config.ts';
import type { ConfigRun, ExperimentResult, TaskResult } from '../result.ts';
import { environmentRows } from './environment.ts';
import { findings } from './findings.ts';
import { reproduction, type HowTo } from './reproduce.ts';

/** Everything a report says, before it becomes Markdown, HTML or anything else; derived from a result, never stored. */
export interface Report {
  title: string;
  /** The experiment in a few computed sentences. */
  summary: string[];
  sections: Section[];
  /** Bits against score, a chart a task. */
  tradeoffs: Tradeoff[];
  /** How to get the same numbers again. */
  reproduce: HowTo[];
}

/** A heading with a table, or with sentences. */
export interface Section {
  title: string;
  text: string[];
  table?: Table | undefined;
}

export interface Table {
  header: string[];
  rows: string[][];
}

/** Points of one metric of one task. */
export interface Tradeoff {
  title: string;
  higher_is_better: boolean;
  points: { name: string; bits: number; value: number; stderr: number | null }[];
}

/** What a report cannot know from the result: where its link leads. */
export interface ReportOptions {
  /** The page's address with the spec in it. */
  link?: string | undefined;
}

/** A report of whatever a result holds, finished or not. */
export function buildReport(result: ExperimentResult, options: ReportOptions = {}): Report {
  const { spec, runs } = result;
  return {
    title: spec.title || 'Quantization experiment',
    summary: summary(result),
    sections: [
      { title: 'Configurations', text: [], table: overview(result) },
      ...spec.tasks.map((_, i) => taskSection(runs, i)),
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

function summary({ spec, runs, environment, state, failure }: ExperimentResult): string[] {
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
      'Load s',
    ],
    rows: runs.map(({ config, footprint, timings }) => [
      configName(config),
      footprint.bits_per_weight.toFixed(3),
      megabytes(footprint.bitsandbytes_bytes),
      megabytes(footprint.actual_bytes),
      `${(runs[0]!.footprint.bitsandbytes_bytes / footprint.bitsandbytes_bytes).toFixed(2)}×`,
      timings.tokens_per_second.toFixed(1),
      timings.load_seconds.toFixed(1),
    ]),
  };
}

function taskSection(runs: readonly ConfigRun[], index: number): Section {
  const tasks = runs.map(({ tasks }) => tasks[index]!);
  const { task } = tasks[0] ?? { task: 'mini_arc' as const };
  const { title, metrics } = TASKS[task];
  return {
    title,
    text: [],
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

/** "0.915 ± 0.020", or without the error where the harness has none. */
export function metricText({ metrics }: TaskResult, name: MetricName): string {
  const metric = metrics[name];
  if (!metric) return '';
  return metric.stderr === null
    ? metric.value.toFixed(4)
    : `${metric.value.toFixed(4)} ± ${metric.stderr.toFixed(4)}`;
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

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
