import { readFile } from 'node:fs/promises';
import { LabError } from '../errors.ts';
import { parseResult, type ForeignRun } from '../study/parse_result.ts';
import type { ExperimentResult } from '../study/result.ts';

/**
 * A result that `run --out` wrote or the page exported, its scores and comparisons computed anew.
 * @throws bad-arguments when the file cannot be read or is not JSON; bad-data and bad-spec, naming the file, when what it says is not allowed.
 */
export const readResult = async (path: string): Promise<ExperimentResult> => (await readRun(path)).result;

/** The same, with the rows it was assembled from. */
export async function readRun(path: string): Promise<ForeignRun> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new LabError('bad-arguments', `${path} is not a file that can be read.`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new LabError('bad-arguments', `${path} is not JSON; allowed: a result written by run --out.`);
  }
  try {
    return parseResult(json, path);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}
