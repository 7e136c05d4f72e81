import { readCsv, type CsvColumns } from './csv.ts';
import { readParquet } from './parquet.ts';
import { badData, readJsonLines, type DataFile, type DataRecord } from './records.ts';

/**
 * The rows of a table by the format its name says: JSON lines, parquet, or CSV as `csv` says. The fields are not
 * checked here: each task checks them once for all formats.
 */
export async function readRecords(
  file: DataFile,
  columns: readonly string[],
  csv: CsvColumns = { headers: [columns] },
): Promise<DataRecord[]> {
  const format = extensionOf(file.path);
  switch (format) {
    case 'jsonl':
      return readJsonLines(file);
    case 'parquet':
      return readParquet(file, columns);
    case 'csv':
      return readCsv(file, csv);
    default:
      return badData(file.path, 'the format', format, 'jsonl, parquet, csv');
  }
}

/** The end of a path after its last dot: `extensionOf('ARC/ARC-Easy-test.jsonl')` is 'jsonl'. */
export const extensionOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
