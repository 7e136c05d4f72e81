import { LabError } from '../errors.ts';
import { samplesOf } from '../lab/samples_of.ts';
import { compareResults } from '../study/compare_results.ts';
import { compareSamples } from '../study/samples/compare_samples.ts';
import { notesOn } from '../study/view/notes.ts';
import { parseArguments } from './arguments.ts';
import { nodeHost, type Folders } from './node_host.ts';
import { readResult } from './read_result.ts';
import { isSamples, openSamples } from './samples.ts';

/**
 * `compare A B`: whether two results of the same spec agree; exit status 1 if they do not. Either may be samples that
 * lm-evaluation-harness wrote: then each configuration is compared with them, and the status is 1 if none agrees.
 */
export async function compareCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['json', 'data', 'model']);
  if (positionals.length !== 2) {
    throw new LabError(
      'bad-arguments',
      `compare was given ${positionals.length} results; allowed: two files.`,
    );
  }
  if (positionals.some(isSamples)) return compareAnswers(positionals, values);
  const results = await Promise.all(positionals.map(readResult));
  const found = compareResults(results[0]!, results[1]!);
  const notes = results.flatMap((result, i) => notesOn(result).map((note) => `${positionals[i]}: ${note}`));
  console.log(values.json ? JSON.stringify({ ...found, notes }) : [...notes, found.sentence].join('\n'));
  return found.verdict === 'different' ? 1 : 0;
}

async function compareAnswers(paths: string[], values: Folders & { json: boolean }): Promise<number> {
  const notes: string[] = [];
  let seed = 0;
  const sides = [];
  for (const path of paths) {
    if (isSamples(path)) {
      sides.push([openSamples(path)]);
      continue;
    }
    const result = await readResult(path);
    notes.push(...notesOn(result).map((note) => `${path}: ${note}`));
    ({ seed } = result.spec);
    sides.push(await samplesOf(result, nodeHost(values), path));
  }
  const [baselines, others] = sides;
  const pairs = baselines!.flatMap((a) => others!.map((b) => compareSamples(a, b, seed)));
  if (pairs.length === 0) {
    throw new LabError(
      'bad-data',
      `${paths.join(' and ')} have no answers to compare; allowed: one task or more.`,
    );
  }
  const comparisons = pairs.flat();
  const agreeing = pairs.filter((tasks) => tasks.every(({ agrees }) => agrees));
  const sentence =
    agreeing.length === 0
      ? 'No two of them agree on every answer.'
      : agreeing
          .map(([first]) => `${first!.other} agrees with ${first!.baseline} on every answer.`)
          .join(' ');
  const lines = comparisons.map(({ sentences: [what, ...tests] }) =>
    [what, ...tests.map((test) => `  ${test}`)].join('\n'),
  );
  console.log(
    values.json
      ? JSON.stringify({ comparisons, sentence, notes })
      : [...notes, ...lines, sentence].join('\n'),
  );
  return agreeing.length > 0 ? 0 : 1;
}
