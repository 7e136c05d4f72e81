import { expect, test } from 'vitest';
import type { RowView } from '../../../study/view/view.ts';
import { sortedRows } from './sort_rows.ts';

test('sorting by a task puts what is missing last, up and down', () => {
  const row = (index: number, value?: number) =>
    ({
      index,
      name: `c${index}`,
      scores: [{ primary: value === undefined ? undefined : { value, stderr: null } }],
    }) as RowView;
  const rows = [row(0, 0.5), row(1), row(2, 0.9)];
  expect(sortedRows(rows, 0, false).map(({ index }) => index)).toEqual([0, 2, 1]);
  expect(sortedRows(rows, 0, true).map(({ index }) => index)).toEqual([2, 0, 1]);
  expect(sortedRows(rows, 'name', true).map(({ index }) => index)).toEqual([2, 1, 0]);
});
