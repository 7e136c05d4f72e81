import { readFile } from 'node:fs/promises';
import { LabError } from '../errors.ts';
import { compareResults } from '../lab/compare_results.ts';
import type { ExperimentResult } from '../lab/result.ts';
import { parseArguments } from './arguments.ts';

/** `compare A.json B.json`: whether two results of the same spec agree; exit status 1 if they do not. */
export async function compareCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['json']);
  if (positionals.length !== 2) {
    throw new LabError(
      'bad-arguments',
      `compare was given ${positionals.length} results; allowed: two files.`,
    );
  }
  const [a, b] = await Promise.all(positionals.map(readResult));
  const found = compareResults(a!, b!);
  console.log(values.json ? JSON.stringify(found) : found.sentence);
  return found.verdict === 'different' ? 1 : 0;
}

async function readResult(path: string): Promise<ExperimentResult> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new LabError('bad-arguments', `${path} is not a file that can be read.`);
  });
  let result: Partial<ExperimentResult>;
  try {
    result = JSON.parse(text) as Partial<ExperimentResult>;
  } catch {
    throw new LabError('bad-arguments', `${path} is not JSON; allowed: a result written by run --out.`);
  }
  if (Array.isArray(result.runs) && typeof result.digest === 'string') return result as ExperimentResult;
  throw new LabError(
    'bad-arguments',
    `${path} has no runs and digest; allowed: a result written by run --out.`,
  );
}
