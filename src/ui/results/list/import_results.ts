import { LabError } from '../../../errors.ts';
import { parseResult, type ForeignRun } from '../../../study/parse_result.ts';
import { readJsonFile } from '../../page/json_file.ts';
import { foreignId, keepForeign } from '../stored_runs.ts';

/** A result of a thousand answers is some 300 kB. */
const RESULT_FILE = {
  code: 'bad-data',
  most: 200_000_000,
  what: 'results as this page exports them',
} as const;

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
  const json = await readJsonFile(file, RESULT_FILE);
  try {
    return (Array.isArray(json) ? json : [json]).map((one) => parseResult(one, foreignId()));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${file.name}: ${error.message}`, { cause: error });
  }
}
