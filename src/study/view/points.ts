import { METRICS, type MetricName } from '../../eval/stats/metric.ts';
import type { Interval } from '../../eval/stats/stats.ts';
import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { bitsText, decimals, intervalOf, megabytes, rangeText } from './format.ts';
import { adjustedTo, testOf } from './tested.ts';
import type { ResultView } from './view.ts';

/** A metric of a task, as a figure shows it. */
export interface Shown {
  task: TaskName;
  metric: MetricName;
}

/** A configuration in a figure of size against score. */
export interface Point {
  config: QuantConfig;
  name: string;
  bits: number;
  /** True bytes, scales included. */
  bytes: number;
  tokens_per_second: number;
  value: number;
  stderr: number | null;
  /** Its 95 % interval; missing where there is none. */
  range: Interval | undefined;
  /** True if the paired test tells it from the baseline; missing for the baseline, and where nothing was tested. */
  distinct: boolean | undefined;
}

/** The sizes a score is held against, along the figure's x axis. */
export const SIZES = {
  bits: { title: 'bits per weight, absmax included', of: ({ bits }: Point) => bits },
  bytes: { title: 'MB on the device, true', of: ({ bytes }: Point) => bytes / 1e6 },
  speed: { title: 'tokens per second', of: (point: Point) => point.tokens_per_second },
} as const;
export type Size = keyof typeof SIZES;

/** Every metric of every task that has a value, the primary one of each task first. */
export function choices({ rows }: ResultView): Shown[] {
  return (rows[0]?.scores ?? []).flatMap(({ task, metrics }) => {
    const { primary_metric } = TASKS[task];
    const names = (Object.keys(metrics) as MetricName[]).sort(
      (a, b) => Number(b === primary_metric) - Number(a === primary_metric),
    );
    return names.map((metric) => ({ task, metric }));
  });
}

/**
 * The configurations that have that metric. Their tests are adjusted to all of the result's where the metric is the
 * task's primary one, else to one another.
 */
export function pointsOf(
  { rows, adjustment }: Pick<ResultView, 'rows' | 'adjustment'>,
  { task, metric }: Shown,
): Point[] {
  const scored = rows.map((row) => ({ ...row, score: row.scores.find((own) => own.task === task) }));
  const own = adjustedTo(
    scored.map(({ score }) => (score?.comparison && testOf(score.comparison, metric)?.p) ?? null),
    adjustment,
  );
  return scored.flatMap(({ config, name, footprint, score, timings }, at): Point[] => {
    const found = score?.metrics[metric];
    if (!found) return [];
    const p = metric === TASKS[task].primary_metric ? score.tested?.p : own[at];
    return [
      {
        ...{ config, name, value: found.value, stderr: found.stderr, range: intervalOf(found) },
        bits: footprint.bits_per_weight,
        bytes: footprint.actual_bytes,
        tokens_per_second: timings.tokens_per_second,
        distinct: p == null ? undefined : p < 0.05,
      },
    ];
  });
}

/** "Mini ARC, acc": the figure's choice in words. */
export const shownName = ({ task, metric }: Shown): string =>
  `${TASKS[task].title}, ${METRICS[metric].title}`;

/** A point in words: "NF4 · 64: acc 0.875 (95 %: 0.820 to 0.915) at 4.503 bits per weight, 1.4 MB; not distinguishable from the baseline". */
export function pointSentence(
  { name, value, range, bits, bytes, distinct }: Point,
  { metric }: Pick<Shown, 'metric'>,
): string {
  const interval = range ? ` (95 %: ${rangeText(range)})` : '';
  const tested = distinct === undefined ? '' : `; ${distinct ? '' : 'not '}distinguishable from the baseline`;
  return `${name}: ${METRICS[metric].title} ${decimals(value, 3)}${interval} at ${bitsText(bits)} bits per weight, ${megabytes(bytes)} MB${tested}.`;
}

/** The figure in one sentence: which score leads, and what the fewest bits give. */
export function pointsSentence(points: readonly Point[], shown: Shown): string {
  if (points.length === 0) return `${shownName(shown)}: not measured yet.`;
  const up = METRICS[shown.metric].higher_is_better;
  const best = points.reduce((a, b) => ((up ? b.value > a.value : b.value < a.value) ? b : a));
  const least = points.reduce((a, b) => (b.bits < a.bits ? b : a));
  const say = ({ name, value, bits }: Point) => `${name}, ${decimals(value, 3)} at ${bitsText(bits)} bits`;
  const first = `${shownName(shown)}: ${up ? 'highest' : 'lowest'} is ${say(best)}`;
  return best === least ? `${first}, the fewest too.` : `${first}; with the fewest bits comes ${say(least)}.`;
}

/**
 * Points that no other beats in size and score at once, by size. `low` says that a small size is better (it is for
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
