import type { MetricName } from '../../eval/metric.ts';
import type { TaskName } from '../../eval/tasks.ts';
import type { ExperimentResult } from '../../lab/result.ts';
import type { QuantConfig } from '../../quant/config.ts';
import type { TableTwin } from '../chart/table_twin.ts';
import { distinctNames } from '../config_names.ts';
import { decimals } from '../format.ts';
import { METRIC_NAMES, TASK_NAMES } from '../names.ts';

/** What the figure can show: a metric of a task. */
export interface Shown {
  task: TaskName;
  metric: MetricName;
}

/** One configuration in the figure; `reach` is half the 95 % interval, 0 where there is none. */
export interface Point {
  config: QuantConfig;
  name: string;
  bits: number;
  value: number;
  reach: number;
}

/** 95 % of a normal distribution lie within so many standard errors. */
const Z95 = 1.96;

/** Every metric of every task that has a value, the primary one of each task first. */
export function choices({ runs }: ExperimentResult): Shown[] {
  return (runs[0]?.tasks ?? []).flatMap(({ task, metrics }) => {
    const { primary_metric } = TASK_NAMES[task];
    const names = (Object.keys(metrics) as MetricName[]).sort(
      (a, b) => Number(b === primary_metric) - Number(a === primary_metric),
    );
    return names.map((metric) => ({ task, metric }));
  });
}

/** The configurations that have that metric. */
export function pointsOf({ runs }: ExperimentResult, { task, metric }: Shown): Point[] {
  const names = distinctNames(runs.map(({ config }) => config));
  return runs.flatMap(({ config, footprint, tasks }, i): Point[] => {
    const found = tasks.find((entry) => entry.task === task)?.metrics[metric];
    if (!found) return [];
    const { value, stderr } = found;
    return [
      {
        config,
        name: names[i]!,
        bits: footprint.bits_per_weight,
        value,
        reach: Z95 * (stderr ?? 0),
      },
    ];
  });
}

/** "Mini ARC, acc": the figure's choice in words. */
export const shownName = ({ task, metric }: Shown): string =>
  `${TASK_NAMES[task].title}, ${METRIC_NAMES[metric].title}`;

/** The figure in one sentence: which score leads, and what the fewest bits give. */
export function pointsSentence(points: readonly Point[], shown: Shown): string {
  if (points.length === 0) return `${shownName(shown)}: not measured yet.`;
  const up = METRIC_NAMES[shown.metric].higher_is_better;
  const best = points.reduce((a, b) => ((up ? b.value > a.value : b.value < a.value) ? b : a));
  const least = points.reduce((a, b) => (b.bits < a.bits ? b : a));
  const say = ({ name, value, bits }: Point) => `${name}, ${decimals(value, 3)} at ${decimals(bits, 2)} bits`;
  const first = `${shownName(shown)}: ${up ? 'highest' : 'lowest'} is ${say(best)}`;
  return best === least ? `${first}, the fewest too.` : `${first}; with the fewest bits comes ${say(least)}.`;
}

/** The same numbers as a table. */
export const pointsTable = (points: readonly Point[], shown: Shown): TableTwin => ({
  caption: shownName(shown),
  head: ['configuration', 'bits per weight', METRIC_NAMES[shown.metric].title, '95 %: from', 'to'],
  rows: points.map(({ name, bits, value, reach }) => [
    name,
    decimals(bits, 2),
    decimals(value, 3),
    ...(reach > 0 ? [decimals(value - reach, 3), decimals(value + reach, 3)] : ['–', '–']),
  ]),
});
