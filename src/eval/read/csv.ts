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

/** The columns a CSV file may have, a list for each header; `bare` are those of a file that has no header. */
export interface CsvColumns {
  headers: readonly (readonly string[])[];
  bare?: readonly string[] | undefined;
  /** Names that a header may have beside. */
  extra?: readonly string[];
}

/**
 * The rows of a CSV file as records. A first row that has all names of one of `headers`, in any order, letter case and
 * company, is a header: records are under all names of `headers` and `extra` that it has, as they are written there. Without
 * one the fields are `bare`, in order. A row with more fields or fewer than the first is refused, and so are a header of
 * other names, one with a name twice, and a file without rows.
 */
export async function readCsv(
  file: DataFile,
  { headers, bare, extra = [] }: CsvColumns,
): Promise<DataRecord[]> {
  const rows = parseCsv(await readText(file), file.path);
  const found = rows[0] && headerOf(rows[0], headers, extra, file.path);
  const columns = found ?? bare?.map((name, at) => ({ name, at }));
  if (columns === undefined && rows[0]) {
    const allowed = headers.map((names) => names.join(',')).join(' or ');
    badData(`${file.path}, line ${rows[0].line}`, 'the header', rows[0].fields.join(','), allowed);
  }
  const width = found ? rows[0]!.fields.length : bare?.length;
  const records = rows.slice(found ? 1 : 0).map(({ line, fields }) => {
    const where = `${file.path}, line ${line}`;
    if (fields.length !== width) {
      const names = found ? rows[0]!.fields : bare!;
      badData(where, 'the number of fields', fields.length, `${width}: ${names.join(', ')}`);
    }
    return { where, value: Object.fromEntries(columns!.map(({ name, at }) => [name, fields[at]])) };
  });
  if (records.length === 0) badData(file.path, 'the number of records', 0, '1 or more');
  return records;
}

/** The columns of the first header that a row is, with their places in it; undefined where it is none of them. */
function headerOf(
  { line, fields }: CsvRow,
  headers: readonly (readonly string[])[],
  extra: readonly string[],
  path: string,
): { name: string; at: number }[] | undefined {
  const given = fields.map((field) => field.trim().toLowerCase());
  if (!headers.some((names) => names.every((name) => given.includes(name.toLowerCase())))) return undefined;
  return [...new Set([...headers.flat(), ...extra])].flatMap((name) => {
    const at = given.indexOf(name.toLowerCase());
    if (at < 0) return [];
    const again = given.indexOf(name.toLowerCase(), at + 1);
    if (again >= 0) badData(`${path}, line ${line}`, 'the header', fields.join(','), `${name} once`);
    return [{ name, at }];
  });
}
