import { expect, test, vi } from 'vitest';
import {
  flag,
  maybeWhole,
  oneNumber,
  parseQuery,
  printQuery,
  shortText,
  wholeNumber,
  word,
  writeQuery,
} from './query_state.ts';

const table = {
  weights: word('weights', ['normal', 'uniform'], 'normal'),
  blocksize: oneNumber('block', [32, 64], 64),
  outliers: wholeNumber('outliers', 0, 64, 0),
  int4: flag('int4'),
  layers: shortText('layers', 20),
  size: wholeNumber('size', -120, 120, 100),
  place: maybeWhole('place', 0, 99),
};

test('only what is not as usual is written, and comes back', () => {
  const usual = parseQuery(table, '');
  expect(printQuery(table, usual)).toBe('');
  const state: typeof usual = {
    weights: 'uniform',
    blocksize: 32,
    outliers: 3,
    int4: true,
    layers: 'q_proj,v',
    size: -85,
    place: 0,
  };
  const query = printQuery(table, state);
  expect(query).toBe('weights=uniform&block=32&outliers=3&int4=1&layers=q_proj,v&size=-85&place=0');
  expect(parseQuery(table, query)).toEqual(state);
});

test('what is unknown or not allowed is as if it were not there', () => {
  const query =
    'weights=odd&block=48&outliers=65&int4=yes&layers=aaaaaaaaaaaaaaaaaaaaaaaaa&size=-121&place=-1&who=me';
  expect(parseQuery(table, query)).toEqual(parseQuery(table, ''));
  expect(parseQuery(table, 'outliers=1e1').outliers).toBe(0);
});

test('a screen writes its query, but not over the address of another', () => {
  const location = { hash: '' };
  const replaceState = (_state: unknown, _title: string, hash: string): void => {
    location.hash = hash;
  };
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', { state: null, replaceState });
  writeQuery('explore', 'block=128');
  expect(location.hash).toBe('#/explore?block=128');
  location.hash = '#/self-check';
  writeQuery('explore', 'block=256');
  expect(location.hash).toBe('#/self-check');
  vi.unstubAllGlobals();
});
