import * as Comlink from 'comlink';
import { LabError } from '../../errors.ts';
import importer from '../importer.ts?worker&url';
import type { Importer } from '../protocol.ts';
import { openWorker } from './open_worker.ts';
import { startWorker } from './start_worker.ts';

/** How far an import is: a file being read, then its answers being stored. */
export interface ImportProgress {
  file: string;
  /** Answers stored, of `total`; both 0 while the file is read and checked. */
  done: number;
  total: number;
}

/**
 * Stores the runs of files as this page exports them, beside the page, which goes on meanwhile. Gives how many there
 * were.
 * @throws bad-data or bad-spec naming the file, none of whose runs is stored then; what keeps the store from writing.
 */
export async function importResults(
  files: readonly File[],
  onProgress: (progress: ImportProgress) => void,
): Promise<number> {
  const worker = openWorker(importer);
  const { remote, broken } = startWorker<Importer>(worker);
  let taken = 0;
  try {
    for (const file of files) {
      const tell = (done: number, total: number) => onProgress({ file: file.name, done, total });
      tell(0, 0);
      const answer = await Promise.race([remote.take(file, Comlink.proxy(tell)), broken]);
      if (typeof answer !== 'number') throw new LabError(answer.code, answer.message);
      taken += answer;
    }
  } finally {
    worker.terminate();
  }
  return taken;
}
