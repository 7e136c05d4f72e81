import { expect, it } from 'vitest';
import { withinSeconds } from './node_within.ts';

const within = withinSeconds(0.2);
const late = 'The tokenizer did not come to the end of a text within 20 seconds, and was stopped.';

it('gives what the work gives, and throws what it throws, a text within a text as well', () => {
  expect(within('The tokenizer', () => within('The tokenizer', () => [1]).concat(2))).toEqual([1, 2]);
  const own = new RangeError('of the work');
  expect(() =>
    within('The tokenizer', () => {
      throw own;
    }),
  ).toThrow(own);
});

it.each([
  [
    'a loop',
    () => {
      for (;;);
    },
  ],
  ['a search that doubles with each character', () => /^(a|a)*$/.test(`${'a'.repeat(60)}b`)],
])('ends %s in a sentence', (_, work) => {
  expect(() => within('The tokenizer', work)).toThrow(late);
});
