import { readFile } from 'node:fs/promises';
import { LabError } from '../errors.ts';
import type { ExperimentResult } from '../study/result.ts';

/**
 * A result that `run --out` wrote.
 * @throws bad-arguments when the file cannot be read or is something else.
 */
export async function readResult(path: string): Promise<ExperimentResult> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new LabError('bad-arguments', `${path} is not a file that can be read.`);
  });
  let result: Partial<ExperimentResult> | null;
  try {
    result = JSON.parse(text) as Partial<ExperimentResult> | null;
  } catch {
    throw new LabError('bad-arguments', `${path} is not JSON; allowed: a result written by run --out.`);
  }
  if (Array.isArray(result?.runs) && typeof result.digest === 'string') return result as ExperimentResult;
  throw new LabError(
    'bad-arguments',
    `${path} has no runs and digest; allowed: a result written by run --out.`,
  );
}
