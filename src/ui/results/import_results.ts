import { LabError } from '../../errors.ts';
import { parseResult, type ForeignRun } from '../../lab/parse_result.ts';
import { foreignId, keepForeign } from './stored_runs.ts';

/** A result of a thousand answers is some 300 kB; a file of more than this is something else. */
const MAX_RESULT_FILE_BYTES = 200_000_000;

/**
 * Stores the runs of files as this page exports them, one result or a list of them each. Gives how many there were.
 * @throws bad-data or bad-spec naming the file; none of its runs is stored then.
 */
export async function importResults(files: readonly File[]): Promise<number> {
  let taken = 0;
  for (const file of files) {
    const runs = await readRuns(file);
    for (const run of runs) await keepForeign(run);
    taken += runs.length;
  }
  return taken;
}

async function readRuns(file: File): Promise<ForeignRun[]> {
  if (file.size > MAX_RESULT_FILE_BYTES) {
    throw new LabError('bad-data', `${file.name} has ${file.size} bytes; allowed: ${MAX_RESULT_FILE_BYTES}.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(await file.text());
  } catch {
    throw new LabError('bad-data', `${file.name} is not JSON; allowed: results as this page exports them.`);
  }
  try {
    return (Array.isArray(json) ? json : [json]).map((one) => parseResult(one, foreignId()));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${file.name}: ${error.message}`, { cause: error });
  }
}
