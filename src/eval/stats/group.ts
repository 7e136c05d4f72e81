import type { ItemResult } from '../item.ts';
import { aggregate, type MetricName, type MetricValue } from './metric.ts';

/** A part of a task's items, scored for itself. */
export interface GroupResult {
  /** 'abstract_algebra', 'mctest', 'Sports' */
  name: string;
  n: number;
  metrics: Partial<Record<MetricName, MetricValue>>;
}

/** The items whose `group` is one of `groups`, scored under `name`; undefined where there are none. */
export function groupResult(
  name: string,
  groups: readonly string[],
  metrics: readonly MetricName[],
  items: readonly ItemResult[],
): GroupResult | undefined {
  const own = items.filter(({ group }) => group !== undefined && groups.includes(group));
  return own.length === 0 ? undefined : { name, n: own.length, metrics: aggregate(metrics, own) };
}

/** One row a group, in the order of their names: of items of anatomy and astronomy two. */
export function groupResults(metrics: readonly MetricName[], items: readonly ItemResult[]): GroupResult[] {
  const byGroup = new Map<string, ItemResult[]>();
  for (const item of items) {
    if (item.group === undefined) continue;
    const own = byGroup.get(item.group);
    if (own) own.push(item);
    else byGroup.set(item.group, [item]);
  }
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({ name, n: own.length, metrics: aggregate(metrics, own) }));
}
