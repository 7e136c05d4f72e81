import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { networkFaults } from '../../test/faults/network.ts';
import { memoryShelf } from '../lab/copy/memory_shelf.ts';
import { cacheShelf } from './hub_cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'nibble-faults-'));
afterAll(() => rmSync(folder, { recursive: true }));

let caches = 0;
const SHELVES = {
  memory: networkFaults(() => memoryShelf()),
  'the cache': networkFaults(() => cacheShelf(join(folder, String(caches++)))),
};

for (const [where, { kinds }] of Object.entries(SHELVES)) {
  it.concurrent.each(kinds)(`$name, with copies in ${where}`, async ({ trial }) => {
    expect(await trial(1)).toEqual({ is: 'survived' });
  });
}
