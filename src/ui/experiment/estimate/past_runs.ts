import { store } from '../../../lab/client/kept.ts';
import type { PastRun } from './estimate.ts';

/** The number of earlier runs an estimate looks at. */
const MOST = 20;

/**
 * The newest stored runs that measured something; none where the store cannot be read: an estimate is no reason for an
 * error message.
 */
export async function readPastRuns(): Promise<PastRun[]> {
  try {
    const records = (await store.list()).filter(({ configs }) => Object.keys(configs).length > 0);
    return await Promise.all(
      records.slice(0, MOST).map(async (record) => ({ record, answers: await store.count(record.id) })),
    );
  } catch {
    return [];
  }
}
