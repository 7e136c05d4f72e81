/** A matrix on the device, in parts of whole rows that each fit a binding. */
export interface Matrix<Part> {
  rows: number;
  columns: number;
  parts: readonly (RowRange & Part)[];
}

/** Consecutive rows of a matrix. */
export interface RowRange {
  first_row: number;
  rows: number;
}

/** Rows cut into ranges of `most` bytes, or of `step` rows where those take more; each begins at a multiple of `step`. */
export function rangesWithin(most: number, rows: number, rowBytes: number, step = 1): RowRange[] {
  const fitting = Math.floor(most / (rowBytes * step)) * step;
  const size = Math.max(step, fitting);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    first_row: i * size,
    rows: Math.min(size, rows - i * size),
  }));
}

/** The least number of rows that end where a block ends: 64 rows of 77 weights in blocks of 64, 1 row of 128. */
export const blockStep = (blocksize: number, columns: number): number => blocksize / gcd(blocksize, columns);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** A matrix whose parts are made one after the other, so that memory holds what one of them needs. */
export async function inParts<Part>(
  { rows, columns }: Pick<Matrix<Part>, 'rows' | 'columns'>,
  ranges: readonly RowRange[],
  make: (range: RowRange) => Promise<Part>,
): Promise<Matrix<Part>> {
  const parts: (RowRange & Part)[] = [];
  for (const range of ranges) parts.push({ ...range, ...(await make(range)) });
  return { rows, columns, parts };
}
