import { expect, test } from 'vitest';
import { parseRoute, screenOf } from './route.ts';
import { findScreen, SCREENS } from './screens.ts';

test('no two screens share a name or a title', () => {
  for (const key of ['screen', 'title'] as const) {
    expect(new Set(SCREENS.map((row) => row[key])).size).toBe(SCREENS.length);
  }
});

test.each(SCREENS)('#/$screen leads to it', (row) => {
  const hash = `#/${row.screen}`;
  expect(parseRoute(hash)).toEqual({ screen: row.screen });
  expect(parseRoute(`${hash}/`)).toEqual({ screen: row.screen });
  expect(screenOf(hash)).toBe(hash);
  expect(findScreen(row.screen)).toBe(row);
});

test('all but the one the page begins with bring their own code', () => {
  expect(SCREENS.filter((row) => !('load' in row)).map(({ screen }) => screen)).toEqual(['explore']);
});

test('an address of no screen finds none', () => {
  expect(findScreen('unknown')).toBeUndefined();
  expect(findScreen('toString')).toBeUndefined();
});
