import { LabError } from '../../errors.ts';
import { badData, readText, type DataFile, type DataRecord } from './records.ts';

/** One row of a CSV text, and the line it begins at. */
export interface CsvRow {
  line: number;
  fields: string[];
}

/**
 * The rows of a CSV text by RFC 4180: commas, quotes that double inside quotes, line feeds with or without a carriage
 * return; a quoted field may hold all of them. Blank lines are skipped. `parseCsv('a,"b ""c"""\n', 'x.csv')` has one
 * row, ['a', 'b "c"']. `where` names the file for a message about a quote that is never closed.
 */
export function parseCsv(text: string, where: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let line = 1;
  let begun = 1;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  const unquoted = /[,\n]|\r\n/g;
  while (at < text.length) {
    let field = '';
    while (text[at] === '"') {
      const close = text.indexOf('"', at + 1);
      if (close < 0) {
        throw new LabError('bad-data', `${where}, line ${line}: a quote is never closed; allowed: in pairs`);
      }
      // A quote that follows at once belongs to the field: it is doubled.
      const inner = text.slice(at + 1, close);
      line += inner.split('\n').length - 1;
      field += inner;
      at = close + 1;
      if (text[at] === '"') field += '"';
    }
    unquoted.lastIndex = at;
    const end = unquoted.exec(text);
    fields.push(field + text.slice(at, end?.index));
    at = end ? unquoted.lastIndex : text.length;
    if (end?.[0] === ',' && at < text.length) continue;
    if (end?.[0] === ',') fields.push('');
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: begun, fields });
    fields = [];
    begun = ++line;
  }
  return rows;
}

/**
 * The rows of a CSV file as records under `columns`, in order; a first row that names just these columns is a header
 * and no record. A row with more fields or fewer is refused, and so is a file without rows.
 */
export async function readCsv(file: DataFile, columns: readonly string[]): Promise<DataRecord[]> {
  const rows = parseCsv(await readText(file), file.path);
  const header = rows[0]?.fields.join() === columns.join();
  const records = rows.slice(header ? 1 : 0).map(({ line, fields }) => {
    const where = `${file.path}, line ${line}`;
    if (fields.length !== columns.length) {
      badData(where, 'the number of fields', fields.length, `${columns.length}: ${columns.join(', ')}`);
    }
    return { where, value: Object.fromEntries(columns.map((column, i) => [column, fields[i]])) };
  });
  if (records.length === 0) badData(file.path, 'the number of records', 0, '1 or more');
  return records;
}
