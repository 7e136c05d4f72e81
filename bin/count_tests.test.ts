import { expect, test } from 'vitest';
import { countPlaywright, countVitest, lastLines } from './count_tests.mjs';

const vitest = {
  numPassedTests: 3,
  numFailedTests: 1,
  testResults: [
    {
      assertionResults: [
        { status: 'passed', ancestorTitles: ['a'], title: 'one' },
        { status: 'skipped', ancestorTitles: ['real files ($DATA)', 'inner'], title: 'two' },
        { status: 'skipped', ancestorTitles: ['real files ($DATA)'], title: 'three' },
      ],
    },
    {
      assertionResults: [
        { status: 'failed', ancestorTitles: [], title: 'four' },
        { status: 'todo', ancestorTitles: [], title: 'five' },
      ],
    },
  ],
};

const skip = { type: 'skip', description: 'no model here' };
const playwright = {
  stats: { expected: 2, flaky: 1, unexpected: 0, skipped: 1 },
  suites: [
    {
      specs: [{ title: 'a page', tests: [{ status: 'expected', annotations: [] }] }],
      suites: [{ specs: [{ title: 'a large model', tests: [{ status: 'skipped', annotations: [skip] }] }] }],
    },
  ],
};

test('what was skipped is named, with its reason, and counted in the last line', () => {
  expect(lastLines([countVitest(vitest), countPlaywright(playwright)])).toEqual([
    'skipped 2: real files ($DATA)',
    'skipped 1: five',
    'skipped 1: a large model: no model here',
    '6 passed, 1 failed, 4 skipped',
  ]);
});

test('a runner that left no report has failed', () => {
  expect(lastLines([countVitest(undefined), countPlaywright(undefined)])).toEqual([
    '0 passed, 2 failed, 0 skipped',
  ]);
});
