import { LabError } from '../../errors.ts';
import { readSamples } from './read_samples.ts';
import type { ModelSamples } from './sample.ts';

/**
 * samples_arc_easy_2026-01-01T00-00-00.000000.jsonl, as lm-evaluation-harness names it by task and date; in front may
 * stand whose they are, and behind it what a browser adds to a name that it had before.
 */
const NAME = /^(?:.*_)?samples_(.+)_\d{4}-\d\d-\d\dT[\d.-]+(?: ?\(\d+\))?\.jsonl$/;

/** The task whose samples a file's name says it holds; undefined where it says none. */
export const taskOfSamples = (name: string): string | undefined => NAME.exec(name)?.[1];

/** The name under which the harness would have written a task's samples, of a run that began then. */
export const samplesFileName = (task: string, started: string): string =>
  `samples_${task}_${new Date(started).toISOString().slice(0, -1).replaceAll(':', '-')}.jsonl`;

/**
 * The samples of one model, from the texts of files.
 * @throws bad-arguments where a name says no task or a task is there twice, bad-data for what is in one.
 */
export function samplesOfFiles(
  name: string,
  files: readonly { name: string; path: string; text: string }[],
): ModelSamples {
  const tasks = files.map((file) => {
    const task = taskOfSamples(file.name);
    if (task === undefined) {
      throw new LabError('bad-arguments', `${file.path} names no task; allowed: samples_TASK_DATE.jsonl.`);
    }
    return { task, samples: readSamples(file.text, file.path) };
  });
  const twice = tasks.find(({ task }, i) => tasks.findIndex((other) => other.task === task) !== i);
  if (twice) {
    throw new LabError(
      'bad-arguments',
      `${name} has samples of ${twice.task} twice; allowed: one file a task.`,
    );
  }
  return { name, tasks };
}
