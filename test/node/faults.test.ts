import { expect, it } from 'vitest';
import { openCrashFaults } from '../faults/crash.ts';
import { openDeviceFaults } from '../faults/device.ts';
import { openStorageFaults } from '../faults/storage.ts';

/** A seeded share of the trials that `npm run test:faults` makes, one of each kind that is named. */
it.each([
  ['runs that are broken off', openCrashFaults, ['the browser is killed']],
  [
    'devices that fail',
    openDeviceFaults,
    ['destroyed at a submit, in Node', 'no room at an allocation, in Node'],
  ],
  ['stores that refuse', openStorageFaults, ['a write is taken back', 'the scratch files have no room']],
] as const)('%s are survived', async (_, open, names) => {
  const { kinds, close } = await open();
  const tried = kinds.filter(({ name }) => (names as readonly string[]).includes(name));
  expect(tried).toHaveLength(names.length);
  for (const { name, trial } of tried)
    expect({ name, ...(await trial(70_001)) }).toMatchObject({ is: 'survived' });
  await close?.();
});
