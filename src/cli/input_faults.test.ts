import { expect, it } from 'vitest';
import { openInputFaults } from '../../test/faults/open_input.ts';
import { tally } from '../../test/faults/suite.ts';

it('files and links from anybody are read, or refused in a sentence: a seeded share of the trials', async () => {
  const found = await tally(await openInputFaults(), 20, 70_000);
  expect(found.filter(({ wrong, lost }) => wrong + lost > 0)).toEqual([]);
  expect(found.map(({ trials }) => trials)).toEqual([20, 20, 20, 20, 20]);
});
