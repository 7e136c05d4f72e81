import { expect, it } from 'vitest';
import { inMiB } from './size_words.ts';

it.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [20_000, '19.5 KiB'],
  [2 ** 20, '1.0 MiB'],
  [2 ** 31, '2048.0 MiB'],
])('%i bytes are %s', (bytes, words) => expect(inMiB(bytes)).toBe(words));
