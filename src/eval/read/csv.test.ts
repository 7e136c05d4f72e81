import { describe, expect, it } from 'vitest';
import { memorySource } from '../../tensor/source.ts';
import { parseCsv, readCsv } from './csv.ts';

const fields = (text: string) => parseCsv(text, 'x.csv').map((row) => row.fields);
const file = (text: string) => ({
  path: 'x.csv',
  source: memorySource('x.csv', new TextEncoder().encode(text)),
});

describe('parseCsv', () => {
  it.each([
    ['commas and doubled quotes within quotes', 'a,"b ""c"", d"\n', [['a', 'b "c", d']]],
    ['line ends within quotes', '"a\nb\r\nc",d\n', [['a\nb\r\nc', 'd']]],
    [
      'line ends of Windows',
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'empty fields',
      ',\na,\n,b\n"",c',
      [
        ['', ''],
        ['a', ''],
        ['', 'b'],
        ['', 'c'],
      ],
    ],
    ['an empty field at the very end', 'a,', [['a', '']]],
    [
      'blank lines',
      'a,b\n\n\r\nc,d\n\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a byte order mark before a quote', '\ufeff"a",b\n', [['a', 'b']]],
    ['a quote that is no first character', 'a "b" c,d\n', [['a "b" c', 'd']]],
    ['backslashes, which escape nothing', '"a\\",b\n', [['a\\', 'b']]],
    ['a lone carriage return', 'a\rb,c\n', [['a\rb', 'c']]],
    ['spaces, which stay', ' a , b \n', [[' a ', ' b ']]],
    ['nothing', '', []],
  ])('reads %s', (_, text, rows) => {
    expect(fields(text)).toEqual(rows);
  });

  it('knows the line a row begins at, after rows of several lines', () => {
    expect(parseCsv('a\n"b\nc"\n\nd\n', 'x.csv').map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it('names the line of a quote that is never closed', () => {
    expect(() => parseCsv('a,b\nc,"d\ne', 'x.csv')).toThrow(
      'x.csv, line 2: a quote is never closed; allowed: in pairs',
    );
  });
});

describe('readCsv', () => {
  const columns = { headers: [['text', 'label']], bare: ['label', 'text'] };

  it('steps over a header and knows rows by their line', async () => {
    const rows = [
      { where: 'x.csv, line 2', value: { text: 'one', label: '1' } },
      { where: 'x.csv, line 3', value: { text: 'two', label: '2' } },
    ];
    expect(await readCsv(file('text,label\none,1\ntwo,2\n'), columns)).toEqual(rows);
    expect(await readCsv(file('text,label\n'.repeat(2)), columns)).toHaveLength(1);
  });

  it('finds the columns of a header in any order, case and company', async () => {
    const [row] = await readCsv(file(',Label,more, TEXT\n0,1,x,one\n'), {
      ...columns,
      extra: ['more', 'no'],
    });
    expect(row!.value).toEqual({ text: 'one', label: '1', more: 'x' });
  });

  it('takes the columns of a file without a header in their order', async () => {
    expect((await readCsv(file('1,one\n'), columns))[0]!.value).toEqual({ text: 'one', label: '1' });
  });

  it.each([
    ['a field too few', 'a,b\nc\n', 'x.csv, line 2: the number of fields is 1; allowed: 2: label, text'],
    ['a field too many', 'a,b,c\n', 'x.csv, line 1: the number of fields is 3; allowed: 2: label, text'],
    [
      'a row shorter than the header',
      'text,label\nc\n',
      'x.csv, line 2: the number of fields is 1; allowed: 2: text, label',
    ],
    ['a header alone', 'text,label\n', 'x.csv: the number of records is 0; allowed: 1 or more'],
    [
      'a name twice',
      'text,label,Text\na,1,b\n',
      'x.csv, line 1: the header is "text,label,Text"; allowed: text once',
    ],
    ['nothing', '', 'x.csv: the number of records is 0; allowed: 1 or more'],
  ])('refuses %s', async (_, text, message) => {
    await expect(readCsv(file(text), columns)).rejects.toMatchObject({ code: 'bad-data', message });
  });

  it('refuses a header of other names where one is needed', async () => {
    await expect(readCsv(file('a,b\n1,2\n'), { headers: [['text', 'label']] })).rejects.toMatchObject({
      message: 'x.csv, line 1: the header is "a,b"; allowed: text,label',
    });
  });
});
