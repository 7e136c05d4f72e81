import { expect, it } from 'vitest';
import { memoryFiles } from '../tensor/source.ts';
import { readJson } from './read_json.ts';

const read = (text: string) =>
  readJson(memoryFiles({ 'config.json': new TextEncoder().encode(text) }), 'config.json');

it('reads the constants that Python writes, and leaves text alone', async () => {
  // json.dumps({"a": float("nan"), "b": float("inf"), "c": -float("inf"), "d": 'NaN, "Infinity"'})
  const text = String.raw`{"a": NaN, "b": Infinity, "c": -Infinity, "d": "NaN, \"Infinity\""}`;
  expect(await read(text)).toEqual({ a: 'NaN', b: Infinity, c: -Infinity, d: 'NaN, "Infinity"' });
});

it('refuses what is not JSON', async () => {
  await expect(read('{"a": NaN')).rejects.toThrow('config.json is not JSON');
});
