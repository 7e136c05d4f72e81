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
