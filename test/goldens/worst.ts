import { afterAll } from 'vitest';

const worst = new Map<string, Map<string, number>>();

/** Remembers the largest error over its bound of a row and column, for the table printed at the end. */
export function noteWorst(row: string, column: string, ratio: number): void {
  const columns = worst.get(row) ?? new Map<string, number>();
  columns.set(column, Math.max(columns.get(column) ?? 0, ratio));
  worst.set(row, columns);
}

/** Prints the table once a file's tests are done. */
afterAll(() => {
  if (worst.size === 0) return;
  const columns = [...new Set([...worst.values()].flatMap((row) => [...row.keys()]))];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i ? cell.padStart(10) : cell.padEnd(20))).join(' | ')} |`;
  const rows = [...worst].map(([name, values]) =>
    line([name, ...columns.map((column) => values.get(column)?.toExponential(1) ?? '')]),
  );
  console.log(`Worst error, as a share of its bound:\n${[line(['', ...columns]), ...rows].join('\n')}`);
});
