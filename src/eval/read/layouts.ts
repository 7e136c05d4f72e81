import { readRecords } from './rows.ts';
import { type DataFile, type DataRecord } from './records.ts';

/** One way a data set is published: the columns its rows have, and how their rows become docs. */
export interface Layout<Row> {
  /** Names that must all be there; a CSV file without a header has them in this order. */
  columns: readonly string[];
  /** True for the layout of CSV files without a header. */
  bare?: true;
  /** The rows of a file; all at once, since what a number means may be known from all of them alone. */
  read(records: readonly DataRecord[], file: DataFile): Row[];
}

/**
 * The rows of a table in the first of `layouts` whose columns it has, `extra` columns with them where there are such. Which
 * that is, a CSV file's header says, or the names in the first row of any other; where none fits, the first layout
 * says which field it misses. Throws LabError 'bad-data'.
 */
export async function readLayouts<Row>(
  file: DataFile,
  layouts: readonly Layout<Row>[],
  extra: readonly string[] = [],
): Promise<Row[]> {
  const records = await readRecords(
    file,
    [...new Set([...layouts.flatMap(({ columns }) => columns), ...extra])],
    {
      headers: layouts.filter(({ bare }) => !bare).map(({ columns }) => columns),
      bare: layouts.find(({ bare }) => bare)?.columns,
      extra,
    },
  );
  const has = records[0]!.value;
  const layout = layouts.find(({ columns }) => columns.every((name) => Object.hasOwn(has, name)));
  return (layout ?? layouts[0]!).read(records, file);
}
