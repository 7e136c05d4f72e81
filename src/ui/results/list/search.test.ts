import { expect, test } from 'vitest';
import type { RunRecord } from '../../../study/record.ts';
import { defaultSpec } from '../../experiment/draft.ts';
import { sameSpec } from '../versus/same_spec.ts';
import { matches } from './search.ts';

const record = { id: 'a', spec: { ...defaultSpec(), title: 'Monday’s run' } } as RunRecord;

test('every word has to be found, in any of the things a run says', () => {
  expect(
    ['', 'monday', 'NF4 nibble-tiny', 'mini coqa', 'fp4 · 256'].map((query) => matches(record, query)),
  ).toEqual(Array(5).fill(true));
  expect(['tuesday', 'nf4 tuesday', 'mmlu'].map((query) => matches(record, query))).toEqual([
    false,
    false,
    false,
  ]);
});

test('a title does not make another experiment, a seed does', () => {
  expect(sameSpec(record.spec, defaultSpec())).toBe(true);
  expect(sameSpec(record.spec, { ...record.spec, seed: record.spec.seed + 1 })).toBe(false);
});
