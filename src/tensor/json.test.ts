import { expect, test } from 'vitest';
import { LabError } from '../errors.ts';
import {
  expectEnd,
  nextKind,
  openText,
  quote,
  readArray,
  readNumber,
  readObject,
  readString,
  skipValue,
  unsigned,
  type Cursor,
} from './json.ts';

const CODES = { encoding: 'header-not-utf8', syntax: 'header-not-json', depth: 'header-too-deep' } as const;
const at = (text: string): Cursor => openText(new TextEncoder().encode(text), 'the text', CODES);

function verdict(text: string): string {
  const cursor = at(text);
  try {
    skipValue(cursor);
    expectEnd(cursor);
    return 'ok';
  } catch (error) {
    if (error instanceof LabError) return error.code;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('takes and refuses what JSON.parse does', () => {
  const texts = [
    '{}', '[]', '""', '0', '-0', '-1.5e-3', '1E+2', 'true', 'false', 'null', ' {"a" : [ 1 , {"b":null} ] } ',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"', '"\u007f\u2028"', '\t\r\n1',
    '', ' ', '{', '[', '"', '"\\', '"\\u12', '"\\u12g4"', '"\\x"', '"\\U0041"', '{"a"}', '{"a":}', '{"a":1,}', '{,}',
    '[1,]', '[,]', '[1 2]', '01', '-', '.5', '1.', '1e', '+1', '0x1', 'NaN', 'Infinity', 'tru', 'True', 'nulll',
    "'a'", '{a:1}', '1 2', '{}{}', '{}\0', '{}\ufeff', '\ufeff{}', '\u00a01', '/**/1', '{"a":1}//', '"\n"', '"\0"',
  ]; // prettier-ignore
  for (const text of texts) expect([text, verdict(text) === 'ok']).toEqual([text, parses(text)]);
});

test('refuses what JSON.parse takes: duplicates, lone surrogates, depth, infinite numbers', () => {
  for (const token of ['1e999', '-1e309', '9'.repeat(400)]) expect(verdict(token)).toBe('header-not-json');
  expect(verdict('{"a":1,"a":1}')).toBe('duplicate-name');
  expect(verdict('{"a":1,"\\u0061":1}')).toBe('duplicate-name');
  expect(verdict('[{"b":{"a":1,"c":2,"a":1}}]')).toBe('duplicate-name');
  expect(verdict('{"__proto__":1,"constructor":2}')).toBe('ok');
  for (const lone of ['\\ud800', '\\udc00', '\\ud800a', '\\ud800\\n', '\\ud800\\ud800', '\\ud800\\u0041']) {
    expect([lone, verdict(`"${lone}"`)]).toEqual([lone, 'header-not-json']);
  }
  expect(verdict('['.repeat(8) + ']'.repeat(8))).toBe('ok');
  expect(verdict('['.repeat(9) + ']'.repeat(9))).toBe('header-too-deep');
  expect(verdict('{"a":'.repeat(1_000_000))).toBe('header-too-deep');
});

test('reads strings', () => {
  expect(readString(at('"a\\u0041\\n\\ud83d\\ude00b"'))).toBe('aA\n\u{1f600}b');
  expect(readString(at(' "" '))).toBe('');
});

test('reads objects and arrays through callbacks', () => {
  const cursor = at('{"a":[5,6],"b":"x"} ');
  const got: unknown[] = [];
  readObject(
    cursor,
    () => 'it',
    (key) => {
      got.push(key, nextKind(cursor));
      if (key === 'a') readArray(cursor, (i) => got.push(i, readNumber(cursor)));
      else got.push(readString(cursor));
    },
  );
  expectEnd(cursor);
  expect(got).toEqual(['a', 'array', 0, '5', 1, '6', 'b', 'string', 'x']);
});

test('integers keep all 64 bits, and nothing else passes as one', () => {
  expect(unsigned('0')).toBe(0);
  expect(unsigned('9007199254740991')).toBe(9007199254740991);
  expect(unsigned('9007199254740993')).toBe(9007199254740993n);
  expect(unsigned('18446744073709551615')).toBe(2n ** 64n - 1n);
  for (const token of ['18446744073709551616', '2.0', '2e0', '-0', '-1', '1.5', '1'.repeat(1e6)]) {
    expect(unsigned(token)).toBeUndefined();
  }
});

test('names are shown escaped and short', () => {
  expect(quote('a"b\n\u202e\0')).toBe('"a\\"b\\n\\u202e\\u0000"');
  expect(quote('x'.repeat(1e6))).toHaveLength(82);
});

test('a refusal names the place, what was found and what was expected', () => {
  expect(() => expectEnd(at('  }'))).toThrow(
    'the text is not JSON: found "}" at character 2, expected its end',
  );
  expect(() => readString(at('"ab'))).toThrow(
    'found its end at character 3, expected a character of a string',
  );
});

test('bytes that are not UTF-8 are refused, and a byte order mark stays visible', () => {
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    expect(() => openText(Uint8Array.from(bytes), 'the text', CODES)).toThrow('the text is not UTF-8');
  }
  expect(() => expectEnd(at('\ufeff'))).toThrow('found "\\ufeff" at character 0');
});
