import type { GroupResult } from '../../eval/stats/group.ts';
import type { MetricName } from '../../eval/stats/metric.ts';
import { configName } from '../../quant/config.ts';
import type { ConfigRun } from '../result.ts';
import type { Section } from './parts.ts';

/** A table of a task's parts, MMLU's subjects or AG News' classes, a column a configuration; undefined where it has none. */
export function groupSection(runs: readonly ConfigRun[], index: number, title: string): Section | undefined {
  const parts = runs.map(({ tasks }) => tasks[index]?.groups ?? []);
  const first = parts.find((groups) => groups.length > 0)?.[0];
  if (!first) return undefined;
  const metrics = Object.keys(first.metrics) as MetricName[];
  const names = [...new Set(parts.flatMap((groups) => groups.map(({ name }) => name)))];
  return {
    title: `${title}, part by part`,
    text: [`Each cell: ${metrics.join(' / ')}.`],
    table: {
      header: ['', 'n', ...runs.map(({ config }) => configName(config))],
      rows: names.map((name) => {
        const own = parts.map((groups) => groups.find((group) => group.name === name));
        return [
          name,
          String(Math.max(...own.map((group) => group?.n ?? 0))),
          ...own.map((group) => cell(group, metrics)),
        ];
      }),
    },
  };
}

const cell = (group: GroupResult | undefined, metrics: readonly MetricName[]): string =>
  metrics.map((metric) => group?.metrics[metric]?.value.toFixed(3) ?? '').join(' / ');
