import { LabError } from '../errors.ts';
import { compareResults } from '../study/compare_results.ts';
import { notesOn } from '../study/view/notes.ts';
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
  const results = await Promise.all(positionals.map(readResult));
  const found = compareResults(results[0]!, results[1]!);
  const notes = results.flatMap((result, i) => notesOn(result).map((note) => `${positionals[i]}: ${note}`));
  console.log(values.json ? JSON.stringify({ ...found, notes }) : [...notes, found.sentence].join('\n'));
  return found.verdict === 'different' ? 1 : 0;
}
