import { METRICS, type MetricName } from '../../../eval/stats/metric.ts';
import { TASKS, type TaskName } from '../../../eval/tasks/tasks.ts';
import type { ExperimentResult } from '../../../study/result.ts';
import type { QuantConfig } from '../../../quant/config.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { distinctNames } from '../../../study/view/config_names.ts';
import { bitsPerWeight, decimals, intervalOf, megabytes, whole } from '../../../study/view/format.ts';

/** What the figure can show: a metric of a task. */
export interface Shown {
  task: TaskName;
  metric: MetricName;
}

/** One configuration in the figure. */
export interface Point {
  config: QuantConfig;
  name: string;
  bits: number;
  /** True bytes, scales included. */
  bytes: number;
  tokens_per_second: number;
  value: number;
  /** Its 95 % interval; missing where there is none. */
  range: readonly [number, number] | undefined;
  /** Whether the paired test tells it from the baseline; missing for the baseline, and where nothing was tested. */
  distinct: boolean | undefined;
}

/** What lies along the figure's x axis. */
export const SIZES = {
  bits: { title: 'bits per weight, absmax included', of: ({ bits }: Point) => bits },
  bytes: { title: 'MB on the device, true', of: ({ bytes }: Point) => bytes / 1e6 },
  speed: { title: 'tokens per second', of: (point: Point) => point.tokens_per_second },
} as const;
export type Size = keyof typeof SIZES;

/** Every metric of every task that has a value, the primary one of each task first. */
export function choices({ runs }: ExperimentResult): Shown[] {
  return (runs[0]?.tasks ?? []).flatMap(({ task, metrics }) => {
    const { primary_metric } = TASKS[task];
    const names = (Object.keys(metrics) as MetricName[]).sort(
      (a, b) => Number(b === primary_metric) - Number(a === primary_metric),
    );
    return names.map((metric) => ({ task, metric }));
  });
}

/** The configurations that have that metric. */
export function pointsOf({ runs, comparisons }: ExperimentResult, { task, metric }: Shown): Point[] {
  const names = distinctNames(runs.map(({ config }) => config));
  return runs.flatMap(({ config, footprint, tasks, timings }, i): Point[] => {
    const found = tasks.find((entry) => entry.task === task)?.metrics[metric];
    if (!found) return [];
    const { value } = found;
    const compared = comparisons.find((entry) => entry.config === i && entry.task === task);
    const tested = [...(compared?.means ?? []), ...(compared?.ratios ?? [])].find(
      (entry) => entry.metric === metric,
    );
    return [
      {
        config,
        name: names[i]!,
        bits: footprint.bits_per_weight,
        bytes: footprint.actual_bytes,
        tokens_per_second: timings.tokens_per_second,
        value,
        range: intervalOf(found),
        distinct: tested?.p == null ? undefined : tested.p < 0.05,
      },
    ];
  });
}

/** "Mini ARC, acc": the figure's choice in words. */
export const shownName = ({ task, metric }: Shown): string =>
  `${TASKS[task].title}, ${METRICS[metric].title}`;

/** The figure in one sentence: which score leads, and what the fewest bits give. */
export function pointsSentence(points: readonly Point[], shown: Shown): string {
  if (points.length === 0) return `${shownName(shown)}: not measured yet.`;
  const up = METRICS[shown.metric].higher_is_better;
  const best = points.reduce((a, b) => ((up ? b.value > a.value : b.value < a.value) ? b : a));
  const least = points.reduce((a, b) => (b.bits < a.bits ? b : a));
  const say = ({ name, value, bits }: Point) =>
    `${name}, ${decimals(value, 3)} at ${bitsPerWeight(bits)} bits`;
  const first = `${shownName(shown)}: ${up ? 'highest' : 'lowest'} is ${say(best)}`;
  return best === least ? `${first}, the fewest too.` : `${first}; with the fewest bits comes ${say(least)}.`;
}

/** The same numbers as a table. */
export const pointsTable = (points: readonly Point[], shown: Shown): TableTwin => ({
  caption: shownName(shown),
  head: [
    'configuration',
    'bits per weight',
    'MB',
    'tokens/s',
    METRICS[shown.metric].title,
    '95 %: from',
    'to',
  ],
  rows: points.map(({ name, bits, bytes, tokens_per_second, value, range }) => [
    name,
    bitsPerWeight(bits),
    megabytes(bytes),
    whole(tokens_per_second),
    decimals(value, 3),
    ...(range ? range.map((end) => decimals(end, 3)) : ['–', '–']),
  ]),
});

/**
 * The points that no other beats in size and score at once, by size. `low` says that a small size is better (it is for
 * bits and bytes, not for speed), `up` that a high score is.
 */
export function frontier(
  points: readonly { x: number; y: number }[],
  low: boolean,
  up: boolean,
): { x: number; y: number }[] {
  const better = (a: number, b: number) => (up ? a > b : a < b);
  const bySize = [...points].sort((a, b) => (low ? a.x - b.x : b.x - a.x) || (up ? b.y - a.y : a.y - b.y));
  const kept: { x: number; y: number }[] = [];
  for (const point of bySize) if (kept.length === 0 || better(point.y, kept.at(-1)!.y)) kept.push(point);
  return kept;
}
