import { LabError } from '../errors.ts';
import { compareResults } from '../study/compare_results.ts';
import { parseArguments } from './arguments.ts';
import { readResult } from './read_result.ts';

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
