import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { pathPart, samplesFiles } from '../lab/samples_of.ts';
import { parseArguments } from './arguments.ts';
import { nodeHost } from './node_host.ts';
import { writeWhole } from './output_file.ts';
import { readResult } from './read_result.ts';
import { toldAbout } from './system_error.ts';

/**
 * `export RESULT.json --samples DIR`: the answers as lm-evaluation-harness writes them under --log_samples,
 * DIR/CONFIGURATION/samples_TASK_DATE.jsonl.
 */
export async function exportCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['samples', 'data', 'model']);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    throw new LabError('bad-arguments', `export was given ${positionals.length} results; allowed: one file.`);
  }
  if (values.samples === undefined) {
    throw new LabError('bad-arguments', 'export was given no --samples; allowed: --samples DIR.');
  }
  const result = await readResult(path);
  for (const { config, task, name, lines } of await samplesFiles(result, nodeHost(values), path)) {
    if (lines.length === 0) {
      console.error(`${task} is left out: lm-evaluation-harness has no task of its kind.`);
      continue;
    }
    const folder = join(values.samples, pathPart(config));
    toldAbout(folder, 'written', () => mkdirSync(folder, { recursive: true }));
    const file = join(folder, name);
    writeWhole(file, lines.map((line) => `${line}\n`).join(''));
    console.log(file);
  }
  return 0;
}
