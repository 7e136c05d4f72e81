import type { RowView } from '../../../study/view/view.ts';

/** Columns that a result's table can be sorted by, with the number or word it goes by. */
const COLUMNS = {
  index: ({ index }) => index,
  name: ({ name }) => name,
  bits_per_weight: ({ footprint }) => footprint.bits_per_weight,
  bitsandbytes_bytes: ({ footprint }) => footprint.bitsandbytes_bytes,
  actual_bytes: ({ footprint }) => footprint.actual_bytes,
  tokens_per_second: ({ timings }) => timings.tokens_per_second,
} satisfies Record<string, (row: RowView) => number | string>;

/** A column, or a task's place in the spec. */
export type SortKey = keyof typeof COLUMNS | number;

/** A result's rows in another order; a missing score goes last either way. */
export function sortedRows(rows: readonly RowView[], key: SortKey, descending: boolean): RowView[] {
  const valueOf = (row: RowView): number | string | undefined =>
    typeof key === 'number' ? row.scores[key]?.primary?.value : COLUMNS[key](row);
  return [...rows].sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'string' ? x.localeCompare(String(y), 'en', { numeric: true }) : x - Number(y);
    return descending ? -order : order;
  });
}
