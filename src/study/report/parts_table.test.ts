import { expect, it } from 'vitest';
import type { GroupResult } from '../../eval/stats/group.ts';
import type { ConfigRun, ExperimentResult } from '../result.ts';
import { viewOf } from '../view/view.ts';
import { groupSections } from './parts_table.ts';

const part = (name: string, n: number, precision: number, recall: number): GroupResult => ({
  name,
  n,
  metrics: { precision: { value: precision, stderr: null }, recall: { value: recall, stderr: null } },
});

const sections = (runs: ConfigRun[]) => {
  const [{ config, tasks }] = runs as [ConfigRun];
  const spec = { configs: [config], tasks: [{ task: tasks[0]!.task }] };
  const result = { spec, environment: { model: {} }, runs, comparisons: [] };
  const view = viewOf(result as unknown as ExperimentResult);
  return groupSections(view, view.tasks[0]!);
};

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
  expect(sections(runs)[0]).toEqual({
    title: 'AG News, part by part',
    text: ['Each cell: precision / recall.'],
    table: {
      header: ['', 'n', 'float32', 'float16', 'float16 (2)'],
      rows: [
        ['World', '2', '1.000 / 0.500', '0.500 / 0.250', ' / '],
        ['Sports', '1', ' / ', '0.000 / 0.000', ' / '],
      ],
    },
  });
});

it('is no table where a task has no parts', () => {
  expect(sections([run('float32')])).toEqual([]);
});
