import { LabError } from '../../errors.ts';
import type { Reader, StoredRun } from '../protocol.ts';
import ReaderWorker from '../reader.ts?worker';
import { startWorker, type Worked } from './start_worker.ts';

let started: Worked<Reader> | undefined;

/**
 * A run out of the browser's store, or undefined if it is not there; read and compared beside the page.
 * @throws what kept it from being read.
 */
export async function readRun(id: string): Promise<StoredRun | undefined> {
  started ??= startWorker<Reader>(new ReaderWorker());
  const { run, failure } = await Promise.race([started.remote.read(id), started.broken]);
  if (failure) throw new LabError(failure.code, failure.message);
  return run;
}
