import { expect, test } from 'vitest';
import {
  bytes,
  count,
  decimals,
  digits3,
  duration,
  durationRange,
  listed,
  mebibytes,
  scoreText,
} from './format.ts';

test('three significant digits, and whole numbers whole', () => {
  expect([0.07281, 0.1, 12.345, 4096, 123456, 0, -0.05].map(digits3)).toEqual([
    '0.0728',
    '0.1',
    '12.3',
    '4,096',
    '123,456',
    '0',
    '−0.05',
  ]);
  expect(digits3(3.2e-7)).toBe('3.20e-7');
  expect(digits3(Number.NaN)).toBe('NaN');
});

test('decimals, counts, bytes', () => {
  expect(decimals(-0.5, 2)).toBe('−0.50');
  expect([count(1, 'item'), count(1200, 'item')]).toEqual(['1 item', '1,200 items']);
  expect([0, 999, 1448136, 2.5e9].map(bytes)).toEqual(['0 B', '999 B', '1.45 MB', '2.5 GB']);
});

test('lists', () => {
  expect([[], ['A'], ['A', 'B'], ['A', 'B', 'C']].map((words) => listed(words))).toEqual([
    '',
    'A',
    'A and B',
    'A, B and C',
  ]);
  expect([3, 4].map((most) => listed(['A', 'B', 'C', 'D'], most))).toEqual([
    'A, B and 2 more',
    'A, B, C and D',
  ]);
});

test('MiB', () => {
  expect([608174, 12 * 2 ** 20, 1012006912, 12343764992].map(mebibytes)).toEqual([
    '0.58',
    '12.00',
    '965.1',
    '11,772',
  ]);
});

test('durations', () => {
  expect([0.2, 59, 99.6, 180, 6000, 7800].map(duration)).toEqual([
    '1 s',
    '59 s',
    '2 min',
    '3 min',
    '1 h 40 min',
    '2 h 10 min',
  ]);
  expect(durationRange([120, 180])).toBe('2 to 3 min');
  expect(durationRange([40, 180])).toBe('40 s to 3 min');
  expect(durationRange([121, 122])).toBe('2 min');
});

test('scores with as many digits as they bear', () => {
  expect(scoreText({ value: 0.72, stderr: 0.0317 })).toBe('0.720 ± 0.032');
  expect(scoreText({ value: 17.792, stderr: null })).toBe('17.792');
  expect(scoreText({ value: 0, stderr: 0 })).toBe('0.000 ± 0.000');
});
