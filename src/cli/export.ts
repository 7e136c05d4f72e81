import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import { answersWithDocs } from '../lab/samples_of.ts';
import { sampleLine } from '../study/samples/write_samples.ts';
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
  const date = new Date(result.environment.started).toISOString().slice(0, -1).replaceAll(':', '-');
  for (const { config, task, answers } of await answersWithDocs(result, nodeHost(values), path)) {
    const lines = answers.flatMap(({ doc, item }) => sampleLine(doc, item, TASKS[task].metrics) ?? []);
    if (lines.length === 0) {
      if (answers.length > 0)
        console.error(`${task} is left out: lm-evaluation-harness has no task of its kind.`);
      continue;
    }
    const folder = join(values.samples, folderName(config));
    toldAbout(folder, 'written', () => mkdirSync(folder, { recursive: true }));
    const file = join(folder, `samples_${task}_${date}.jsonl`);
    writeWhole(file, lines.map((line) => `${line}\n`).join(''));
    console.log(file);
  }
  return 0;
}

/** A configuration's name as a folder's: "NF4 · 64" is "NF4_64". */
const folderName = (config: string): string =>
  config.replace(/[^\p{L}\p{N}.-]+/gu, '_').replace(/^[._]+|_+$/g, '');
