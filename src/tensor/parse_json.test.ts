import { expect, it } from 'vitest';
import { parseJson } from './parse_json.ts';

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

it('reads JSON that nests as files do, and refuses what nests without end', () => {
  expect(parseJson('{"a":[1,{"b":null}],"c":"[["}')).toEqual({ a: [1, { b: null }], c: '[[' });
  expect(parseJson('0')).toBe(0);
  expect(() => parseJson(nested(64))).not.toThrow();
  for (const levels of [65, 100_000])
    expect(() => parseJson(nested(levels))).toThrow('deeper than 64 levels');
  expect(() => parseJson('{')).toThrow(SyntaxError);
});
