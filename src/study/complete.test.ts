import { expect, it } from 'vitest';
import { savedRun } from '../../test/fixtures/run_events.ts';
import { rowsOf } from '../../test/fixtures/run_rows.ts';
import { countAnswers, gapsOf } from './complete.ts';

const { record, items } = rowsOf(await savedRun());
const planned = { mini_arc: 40, mini_coqa: 6, mini_text: 4 };

it('finds no gap where every configuration has what was planned', () => {
  expect(gapsOf({ ...record, planned }, countAnswers(record, items))).toEqual([]);
  expect(gapsOf(record, countAnswers(record, items))).toEqual([]);
});

it('finds one missing answer', () => {
  const counts = countAnswers(record, items.slice(0, -1));
  const gap = { config: 3, answered: 49, planned: 50 };
  expect(gapsOf({ ...record, planned }, counts)).toEqual([gap]);
  // Without a plan, the other configurations say how many there are.
  expect(gapsOf(record, counts)).toEqual([gap]);
});

it('takes answers that all configurations lack for missing where the plan has them', () => {
  const fewer = items.filter(({ task }) => task !== 'mini_text');
  expect(gapsOf({ ...record, planned }, countAnswers(record, fewer))).toHaveLength(4);
  expect(gapsOf(record, countAnswers(record, []))).toHaveLength(4);
});
