import { expect, it } from 'vitest';
import type { ExperimentResult } from '../../../study/result.ts';
import { adaptersSentence } from './versus.ts';

const on = (vendor: string): ExperimentResult =>
  ({
    environment: { adapter: { vendor, architecture: '', device: '', description: '' } },
  }) as unknown as ExperimentResult;

it('says where two runs computed, and how many answers differ by a bit', () => {
  const found = (differing: number, worst: number) => ({ n: 100, differing, worst });
  expect(adaptersSentence(on('intel'), on('nvidia'), found(12, 3e-6))).toBe(
    'A ran on intel, B on nvidia: 12 of 100 answers differ by a bit or more, by 3.0e-6 at most.',
  );
  expect(adaptersSentence(on('intel'), on('nvidia'), found(0, 0))).toBe(
    'A ran on intel, B on nvidia: 0 of 100 answers differ by a bit or more.',
  );
  expect(adaptersSentence(on('intel'), on('intel'), found(1, Infinity))).toBe(
    'Both ran on intel: 1 of 100 answers differ by a bit or more.',
  );
  expect(adaptersSentence(on('intel'), on('intel'), found(0, 0))).toBeUndefined();
});
