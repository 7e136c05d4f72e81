import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../stats/metric.ts';
import { ALL_TASKS, LISTED_TASKS, questionsFrom, TASK_LIST, TASKS } from './tasks.ts';

describe.each(ALL_TASKS)('%s', (name) => {
  const task = TASKS[name];

  test('has its own name and words', () => {
    expect(task.name).toBe(name);
    expect(task.title).not.toBe('');
    expect(task.asks).toMatch(/[.?]$/);
    expect(task.item).toHaveLength(2);
    expect(ALL_TASKS.filter((other) => TASKS[other].title === task.title)).toEqual([name]);
  });

  test('is measured by metrics there are, its primary one among them', () => {
    for (const metric of task.metrics) expect(METRICS).toHaveProperty(metric);
    expect(task.metrics).toContain(task.primary_metric);
  });

  test('has files of the split it scores, and of the one its examples are of', () => {
    for (const split of [task.split, ...(task.fewshot ? [task.fewshot.split] : [])]) {
      expect(task.files[split]!.length).toBeGreaterThan(0);
      if (task.hub) expect(task.hub.files[split]).toMatch(/\.parquet$/);
    }
  });

  test('says how much it asks, unless its text is the user’s own', () => {
    if (task.size === undefined) return expect(task.any_file).toBe(true);
    const { items, characters, generated, choices } = task.size;
    expect(Math.min(items, characters, choices)).toBeGreaterThanOrEqual(1);
    expect(generated > 0).toBe(task.output_type === 'generate_until');
    expect(choices > 1).toBe(task.output_type === 'multiple_choice');
  });
});

test('a list shows every task, or the whole it is a part of', () => {
  for (const name of ALL_TASKS) expect(LISTED_TASKS).toContain(TASKS[name].part_of ?? name);
  expect(TASK_LIST.filter((name) => name in TASKS)).toEqual(LISTED_TASKS);
});

test('questions come from the page, the Hub or a folder', () => {
  expect((['mini_arc', 'arc_easy', 'mmlu_anatomy', 'text'] as const).map(questionsFrom)).toEqual([
    ...['page', 'hub', 'hub', 'folder'],
  ]);
  const bundled = ALL_TASKS.filter((name) => questionsFrom(name) === 'page');
  expect(bundled.length).toBeGreaterThan(3);
  for (const path of bundled.flatMap((name) => TASKS[name].files.test!.flat())) {
    expect(readFileSync(`public/tasks/${path}`).length).toBeGreaterThan(0);
  }
});

test('every metric has a line of words', () => {
  for (const { title, note } of Object.values(METRICS)) {
    expect(title).not.toBe('');
    expect(note.length).toBeGreaterThan(title.length);
  }
});
