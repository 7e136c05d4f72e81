import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LabError } from '../errors.ts';
import type { ModelSamples } from '../study/samples/sample.ts';
import { samplesOfFiles, taskOfSamples } from '../study/samples/sample_files.ts';
import { toldAbout } from './system_error.ts';

/** Whether a path is meant as samples rather than a result: a folder, or a file of JSON lines. */
export const isSamples = (path: string): boolean =>
  path.endsWith('.jsonl') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * The samples of one model, from a file that lm-evaluation-harness wrote or a folder of such files.
 * @throws bad-arguments where there is none or a task is there twice, bad-data for what is in one.
 */
export function openSamples(path: string): ModelSamples {
  const files = path.endsWith('.jsonl') ? [path] : filesOf(path);
  return samplesOfFiles(
    path,
    files.map((file) => ({
      ...{ name: basename(file), path: file },
      text: toldAbout(file, 'read', () => readFileSync(file, 'utf8')),
    })),
  );
}

function filesOf(folder: string): string[] {
  const names = toldAbout(folder, 'read', () => readdirSync(folder)).filter(
    (name) => taskOfSamples(name) !== undefined,
  );
  if (names.length > 0) return names.sort().map((name) => join(folder, name));
  throw new LabError('bad-arguments', `${folder} has no samples_TASK_DATE.jsonl; allowed: a folder of them.`);
}
