import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LabError } from '../errors.ts';
import { answersWithDocs } from '../lab/samples_of.ts';
import { readSamples } from '../study/samples/read_samples.ts';
import { sampleOf, type ModelSamples } from '../study/samples/sample.ts';
import type { ExperimentResult } from '../study/result.ts';
import { nodeHost, type Folders } from './node_host.ts';
import { toldAbout } from './system_error.ts';

/** samples_arc_easy_2026-01-01T00-00-00.000000.jsonl: a task and a date. */
const NAME = /^samples_(.+)_\d{4}-\d\d-\d\dT[\d.-]+\.jsonl$/;

/** Whether a path is meant as samples rather than a result: a folder, or a file of JSON lines. */
export const isSamples = (path: string): boolean =>
  path.endsWith('.jsonl') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * The samples of one model, from a file that lm-evaluation-harness wrote or a folder of such files.
 * @throws bad-arguments where there is none or a task is there twice, bad-data for what is in one.
 */
export function openSamples(path: string): ModelSamples {
  const files = path.endsWith('.jsonl') ? [path] : filesOf(path);
  const tasks = files.map((file) => {
    const [, task] = NAME.exec(basename(file)) ?? [];
    if (task === undefined) {
      throw new LabError('bad-arguments', `${file} names no task; allowed: samples_TASK_DATE.jsonl.`);
    }
    const text = toldAbout(file, 'read', () => readFileSync(file, 'utf8'));
    return { task, samples: readSamples(text, file) };
  });
  const twice = tasks.find(({ task }, i) => tasks.findIndex((other) => other.task === task) !== i);
  if (twice) {
    throw new LabError(
      'bad-arguments',
      `${path} has samples of ${twice.task} twice; allowed: one file a task.`,
    );
  }
  return { name: path, tasks };
}

function filesOf(folder: string): string[] {
  const names = toldAbout(folder, 'read', () => readdirSync(folder)).filter((name) => NAME.test(name));
  if (names.length > 0) return names.sort().map((name) => join(folder, name));
  throw new LabError('bad-arguments', `${folder} has no samples_TASK_DATE.jsonl; allowed: a folder of them.`);
}

/** The samples of each configuration of a result; answers of a classifier, which the harness has no tasks for, are left out. */
export async function samplesOf(
  result: ExperimentResult,
  folders: Folders,
  path: string,
): Promise<ModelSamples[]> {
  const models = new Map<string, ModelSamples>();
  for (const { config, task, answers } of await answersWithDocs(result, nodeHost(folders), path)) {
    const samples = answers
      .filter(({ item }) => item.output_type !== 'classify')
      .map(({ doc, item }) => sampleOf(doc, item));
    if (samples.length === 0) continue;
    const model = models.get(config) ?? { name: config, tasks: [] };
    model.tasks.push({ task, samples });
    models.set(config, model);
  }
  return [...models.values()];
}
