import type { MetricName } from '../../eval/stats/metric.ts';
import { scoreText } from '../view/format.ts';
import type { ResultView, TaskView } from '../view/view.ts';
import type { Section } from './parts.ts';

/** A table of a task's parts, MMLU's subjects or AG News' classes, a column a configuration; none where it has no parts. */
export function groupSections({ names }: Pick<ResultView, 'names'>, { title, parts }: TaskView): Section[] {
  const [first] = parts;
  if (!first) return [];
  const metrics = Object.keys(first.metrics.find((own) => own !== undefined) ?? {}) as MetricName[];
  const rows = parts.map(({ name, n, metrics: columns }) => [
    name,
    String(n),
    ...columns.map((own) =>
      metrics.map((metric) => (own?.[metric] ? scoreText(own[metric]) : '')).join(' / '),
    ),
  ]);
  const text = [`Each cell: ${metrics.join(' / ')}.`];
  return [{ title: `${title}, part by part`, text, table: { header: ['', 'n', ...names], rows } }];
}
