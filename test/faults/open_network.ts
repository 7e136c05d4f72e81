import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheShelf } from '../../src/cli/hub_cache.ts';
import { networkFaults } from './network.ts';
import type { FaultSuite } from './suite.ts';

/** Network faults with copies in a cache on disk, an empty one each trial. */
export function openNetworkFaults(): FaultSuite {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-faults-'));
  let caches = 0;
  return {
    ...networkFaults(() => cacheShelf(join(folder, String(caches++)))),
    close: () => rmSync(folder, { recursive: true }),
  };
}
