import type * as Comlink from 'comlink';
import { LabError, type Failure } from '../../errors.ts';
import type { ComparedRuns, Reader, StoredRun } from '../protocol.ts';
import { openWorker } from './open_worker.ts';
import reader from '../reader.ts?worker&url';
import { startWorker, type Worked } from './start_worker.ts';

let started: Worked<Reader> | undefined;

function start(): Worked<Reader> {
  const now = startWorker<Reader>(openWorker(reader));
  now.broken.catch(() => {
    if (started === now) started = undefined;
  });
  return now;
}

/**
 * A run out of the browser's store, or undefined if it is not there; read and compared beside the page.
 * @throws what kept it from being read.
 */
export const readRun = async (id: string): Promise<StoredRun | undefined> =>
  (await ask((remote) => remote.read(id))).run;

/**
 * Two runs out of the store held against each other, beside the page; undefined if one of them has no result there.
 * @throws what kept them from being read.
 */
export const compareRuns = async (a: string, b: string): Promise<ComparedRuns | undefined> =>
  (await ask((remote) => remote.compare(a, b))).compared;

async function ask<T extends { failure?: Failure }>(
  what: (remote: Comlink.Remote<Reader>) => Promise<T>,
): Promise<T> {
  started ??= start();
  const answer = await Promise.race([what(started.remote), started.broken]);
  if (answer.failure) throw new LabError(answer.failure.code, answer.failure.message);
  return answer;
}
