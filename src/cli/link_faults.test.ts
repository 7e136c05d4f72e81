import { expect, it } from 'vitest';
import { openHeaderFaults, ownVerdict } from '../../test/faults/headers.ts';
import { MUTATIONS, mutatedFile } from '../../test/faults/header_mutations.ts';
import { openLinkFaults } from '../../test/faults/links.ts';
import { tally } from '../../test/faults/suite.ts';
import { LabError } from '../errors.ts';
import { seededRandom } from '../tensor/random.ts';

it('links from anybody carry what was sent, or are refused: a seeded share of the trials', async () => {
  const found = await tally(await openLinkFaults(), 30, 70_000);
  expect(found.filter(({ wrong, lost }) => wrong + lost > 0)).toEqual([]);
});

it('headers that are changed at random are read or refused in a sentence', async () => {
  for (const kind of MUTATIONS) {
    const random = seededRandom(70_000);
    let read = 0;
    for (let i = 0; i < 300; i++) {
      const verdict = await ownVerdict(mutatedFile(random, kind));
      if (!(verdict instanceof LabError)) read++;
    }
    // Else the changes would be too many, or none.
    expect(read).toBeGreaterThan(20);
    expect(read).toBeLessThan(300);
  }
});

it.skipIf(!process.env.NIBBLE_PYTHON)(
  'headers are read as the safetensors library reads them (needs $NIBBLE_PYTHON with safetensors)',
  async () => {
    const suite = await openHeaderFaults();
    const found = await tally(suite, 1, 70_000);
    await suite.close?.();
    expect(found.filter(({ wrong, lost }) => wrong + lost > 0)).toEqual([]);
  },
);
