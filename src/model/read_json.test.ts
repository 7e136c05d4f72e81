import { expect, it } from 'vitest';
import { memoryFiles } from '../tensor/source.ts';
import { parsePythonJson, readJson } from './read_json.ts';

it.each<[string, unknown]>([
  ['{"a": NaN, "b": [Infinity, -Infinity]}', { a: NaN, b: [Infinity, -Infinity] }],
  ['NaN', NaN],
  [
    '{"NaN": "NaN", "a": NaN, "b": "\\"-Infinity\\\\", "c": -Infinity}',
    {
      NaN: 'NaN',
      a: NaN,
      b: '"-Infinity\\',
      c: -Infinity,
    },
  ],
  ['{"\\u004eaN": "N\\u0061N_", "a": NaN}', { NaN: 'NaN_', a: NaN }],
  ['{"a": 1, "a": NaN, "a": 2, "b": Infinity}', { a: 2, b: Infinity }],
  ['[12345678901234567890123, 1e999, NaN]', [Number('12345678901234567890123'), Infinity, NaN]],
])('reads %s as Python does', (text, value) => {
  expect(parsePythonJson(text)).toEqual(value);
});

it('keeps a key __proto__ a key', () => {
  const read = parsePythonJson('{"__proto__": {"is_causal": false}, "x": NaN}') as Record<string, unknown>;
  expect(Object.keys(read)).toEqual(['__proto__', 'x']);
  expect(read.is_causal).toBeUndefined();
});

it.each([
  '{"a": -NaN}',
  '{"a": NaNs}',
  '{"a": +Infinity}',
  '{"a": nan}',
  '{NaN: 1}',
  '{"a": Infinity',
  '{"a": 1Infinity}',
])('refuses %s, as Python does', async (text) => {
  const files = memoryFiles({ 'config.json': new TextEncoder().encode(text) });
  await expect(readJson(files, 'config.json')).rejects.toMatchObject({ code: 'bad-config' });
});

const UTF_16 = Uint8Array.from([...'{"a": 1}'].flatMap((character) => [character.charCodeAt(0), 0]));

it.each<[string, string | number[], string]>([
  ['a list', '[{"model_type": "llama"}]', 'config.json is a list; allowed: a JSON object.'],
  ['a number', '12', 'config.json is a number; allowed: a JSON object.'],
  ['null', 'null', 'config.json is null; allowed: a JSON object.'],
  ['nothing', '', 'config.json is empty; allowed: a JSON object.'],
  ['blanks', ' \n', 'config.json is empty; allowed: a JSON object.'],
  ['a byte order mark', '\ufeff{}', 'config.json is UTF-8 behind a byte order mark; allowed: UTF-8 without'],
  ['UTF-16', [0xff, 0xfe, ...UTF_16], 'config.json is UTF-16; allowed: UTF-8'],
  ['UTF-16 without a mark', [...UTF_16], 'config.json is UTF-16; allowed: UTF-8'],
  ['Latin-1', [0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d], 'config.json is not UTF-8'],
  ['a trailing comma', '{"a": 1,}', 'config.json is not JSON: '],
  ['a comment', '{"a": 1} // one', 'config.json is not JSON: '],
  ['single quotes', "{'a': 1}", 'config.json is not JSON: '],
])('refuses %s in a sentence', async (_, content, message) => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
  const files = memoryFiles({ 'config.json': bytes });
  await expect(readJson(files, 'config.json')).rejects.toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining(message) as string,
  });
});

it('takes the last of a key that comes twice', async () => {
  const files = memoryFiles({ 'config.json': new TextEncoder().encode('{"a": 1, "a": 2}') });
  expect(await readJson(files, 'config.json')).toEqual({ a: 2 });
});
