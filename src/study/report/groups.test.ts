import { expect, it } from 'vitest';
import type { GroupResult } from '../../eval/stats/group.ts';
import type { ConfigRun } from '../result.ts';
import { groupSection } from './groups.ts';

const part = (name: string, n: number, precision: number, recall: number): GroupResult => ({
  name,
  n,
  metrics: { precision: { value: precision, stderr: null }, recall: { value: recall, stderr: null } },
});

const run = (compute_dtype: 'float32' | 'float16', groups?: GroupResult[]) =>
  ({
    config: { quant_type: 'none', compute_dtype },
    tasks: [{ task: 'ag_news', n: 3, metrics: {}, items: [], ...(groups ? { groups } : {}) }],
  }) as unknown as ConfigRun;

it('puts the parts of a task side by side, also those that one configuration alone has', () => {
  const runs = [
    run('float32', [part('World', 2, 1, 0.5)]),
    run('float16', [part('World', 2, 0.5, 0.25), part('Sports', 1, 0, 0)]),
    run('float16'),
  ];
  expect(groupSection(runs, 0, 'AG News')).toEqual({
    title: 'AG News, part by part',
    text: ['Each cell: precision / recall.'],
    table: {
      header: ['', 'n', 'float32', 'float16', 'float16'],
      rows: [
        ['World', '2', '1.000 / 0.500', '0.500 / 0.250', ' / '],
        ['Sports', '1', ' / ', '0.000 / 0.000', ' / '],
      ],
    },
  });
});

it('is no table where a task has no parts', () => {
  expect(groupSection([run('float32')], 0, 'Mini ARC')).toBeUndefined();
});
