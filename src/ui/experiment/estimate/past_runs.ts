import { store } from '../../../lab/client/kept.ts';
import type { PastRun } from '../../../study/estimate.ts';

/** The number of earlier runs an estimate looks at. */
const MOST = 20;

/**
 * The newest runs of this browser that measured something, or failed to; none where the store cannot be read: an estimate is no
 * reason for an error message.
 */
export async function readPastRuns(): Promise<PastRun[]> {
  const records = await store.list().catch(() => []);
  return records
    .filter(
      ({ configs, failures = {}, foreign }) =>
        !foreign && Object.keys(configs).length + Object.keys(failures).length > 0,
    )
    .slice(0, MOST);
}
