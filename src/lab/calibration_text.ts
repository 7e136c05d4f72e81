import { LabError } from '../errors.ts';
import type { Doc } from '../eval/doc.ts';
import { loadTask } from '../eval/tasks/load.ts';
import type { Split, Task } from '../eval/tasks/task.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import { OWN_TEXT, type Calibration } from '../quant/calibrated/calibration.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import { seededRandom } from '../tensor/random.ts';
import type { Datasets } from './datasets.ts';

/** Token ids of a text at most: as long as a pass. */
const LENGTH = 512;

/** The task, split and file that a calibration's text is read by; undefined where the model writes it. */
interface Source {
  task: Task;
  split: Split;
  file: string | undefined;
}

function sourceOf({ text }: Calibration): Source | undefined {
  if (OWN_TEXT.test(text)) return { task: TASKS.text, split: 'test', file: text };
  if (!Object.hasOwn(TASKS, text)) return undefined;
  const task = TASKS[text as TaskName];
  const splits = new Set([...Object.keys(task.files), ...Object.keys(task.hub?.files ?? {})]);
  return { task, split: splits.has('train') ? 'train' : task.split, file: undefined };
}

/**
 * Refuses a calibration by what is evaluated: a format would be measured on what it was made by.
 * @throws bad-spec naming the text, and what is allowed.
 */
export function requireOtherText(calibration: Calibration, { tasks }: Pick<ExperimentSpec, 'tasks'>): void {
  const source = sourceOf(calibration);
  const same = tasks.some(({ task, split = TASKS[task].split, file }) => {
    if (!source) return false;
    const own = TASKS[task];
    const read = filesOf(source);
    return filesOf({ task: own, split, file }).some((path) => read.includes(path));
  });
  if (!same) return;
  throw new LabError(
    'bad-spec',
    `calibration.text is ${calibration.text}, which is evaluated; allowed: a text that no task of the spec asks, such as samples.`,
  );
}

/** The paths that a split may be read from. */
const filesOf = ({ task, split, file }: Source): string[] =>
  file === undefined ? [...(task.files[split] ?? []), ...hubFile(task, split)].flat() : [file];

const hubFile = ({ hub }: Task, split: Split): string[] => {
  const file = hub?.files[split];
  return file === undefined ? [] : [`${hub!.repo}/${file}`];
};

/**
 * The text of a calibration as token ids, in sequences of up to `longest`: its parts in an order drawn by its seed, one
 * behind the other, cut at `tokens`.
 * @throws bad-spec where it has fewer tokens than were asked for, or is among the texts that are evaluated.
 */
export async function calibrationSequences(
  calibration: Calibration,
  datasets: Datasets,
  encode: (text: string) => readonly number[],
  { asked, longest }: { asked: ReadonlySet<string>; longest: number },
): Promise<number[][]> {
  const { task, split, file } = sourceOf(calibration)!;
  const { docs } = await loadTask(task, datasets, { split, file });
  const texts = seededRandom(calibration.seed).shuffle(docs.map(textOf));
  const ids: number[] = [];
  for (const text of texts) {
    if (asked.has(text)) {
      throw new LabError(
        'bad-spec',
        `calibration.text is ${calibration.text}, which holds a text that is evaluated; allowed: a text that no task of the spec asks, such as samples.`,
      );
    }
    for (const id of encode(text)) ids.push(id);
    if (ids.length >= calibration.tokens) break;
  }
  if (ids.length < calibration.tokens) {
    throw new LabError(
      'bad-spec',
      `calibration.tokens is ${calibration.tokens}, but ${calibration.text} has ${ids.length}; allowed: up to that many.`,
    );
  }
  const length = Math.min(LENGTH, longest);
  const sequences: number[][] = [];
  for (let begin = 0; begin < calibration.tokens; begin += length) {
    sequences.push(ids.slice(begin, Math.min(begin + length, calibration.tokens)));
  }
  return sequences;
}

/** A doc as one text: its question with the right answer. */
export function textOf(doc: Doc): string {
  switch (doc.output_type) {
    case 'multiple_choice':
      return `${doc.context}${doc.target_delimiter ?? ' '}${doc.choices[doc.gold]!}`;
    case 'generate_until':
      return `${doc.context} ${doc.refs[0]!}`;
    case 'loglikelihood_rolling':
    case 'classify':
      return doc.text;
  }
}
