import { LabError } from '../errors.ts';
import type { Doc } from './doc.ts';
import { pythonRandom, sampleIndices } from './python_random.ts';
import type { DataFile } from './records.ts';
import type { DataFiles, Split, Task } from './task.ts';

/** The harness's fewshot_random_seed. */
const FEWSHOT_SEED = 1234;

/** What a spec may say about how a task is read; each is the task's own if absent. */
export interface LoadOptions {
  split?: Split | undefined;
  num_fewshot?: number | undefined;
}

/**
 * The docs of a task in their file's order, prompts complete: `loadDocs(TASKS.arc_easy, data, {num_fewshot: 5})`
 * gives 2376. Throws LabError: 'bad-spec' for a split or num_fewshot the task does not have, 'missing-data' for a
 * file that is not there, 'bad-data' for one that is not in its published layout.
 */
export async function loadDocs(task: Task, data: DataFiles, options: LoadOptions = {}): Promise<Doc[]> {
  const split = options.split ?? task.split;
  const num_fewshot = options.num_fewshot ?? task.num_fewshot;
  if (!Number.isSafeInteger(num_fewshot) || num_fewshot < 0) {
    throw new LabError('bad-spec', `${task.name}: num_fewshot is ${num_fewshot}; allowed: 0, 1, 2, …`);
  }
  const docs = await readSplit(task, split, data);
  if (num_fewshot === 0) return docs;
  if (task.fewshot === null) {
    throw new LabError(
      'bad-spec',
      `${task.name}: num_fewshot is ${num_fewshot}; allowed: 0, it has no prompt`,
    );
  }
  const own = task.fewshot.split === split;
  const pool = own ? docs : await readSplit(task, task.fewshot.split, data);
  const spare = own || task.fewshot.spare;
  const most = pool.length - (spare ? 1 : 0);
  if (num_fewshot > most) {
    throw new LabError(
      'bad-spec',
      `${task.name}: num_fewshot is ${num_fewshot}; allowed: 0 to ${most}, the ${task.fewshot.split} split has ${pool.length} docs`,
    );
  }
  const shots = pool.map(asExample);
  const drawn = drawShots({ docs: docs.length, pool: pool.length, num_fewshot, spare, own });
  return docs.map((doc, doc_id) => withShots(doc, drawn[doc_id]!.map((shot) => shots[shot]!).join('')));
}

/**
 * Which docs of the pool stand before each doc, as the harness draws them: one random.Random(1234) a task, one
 * random.sample a doc, in the order of the split. A doc's examples so depend on its doc_id alone, not on which
 * others are asked. `own`: pool and docs are the same, and a doc is no example of itself.
 * `drawShots({docs: 2, pool: 2251, num_fewshot: 2, spare: false, own: false})` is [[1805, 478], [30, 371]].
 */
export function drawShots(from: {
  docs: number;
  pool: number;
  num_fewshot: number;
  spare: boolean;
  own: boolean;
}): number[][] {
  const random = pythonRandom(FEWSHOT_SEED);
  const draws = from.num_fewshot + (from.spare ? 1 : 0);
  return Array.from({ length: from.docs }, (_, doc_id) =>
    sampleIndices(random, from.pool, draws)
      .filter((shot) => !from.own || shot !== doc_id)
      .slice(0, from.num_fewshot),
  );
}

function asExample(doc: Doc): string {
  switch (doc.output_type) {
    case 'multiple_choice':
      return `${doc.context} ${doc.choices[doc.gold]}\n\n`;
    case 'generate_until':
      return `${doc.context} ${doc.refs[0]}\n\n`;
    case 'loglikelihood_rolling':
      return '';
  }
}

function withShots(doc: Doc, shots: string): Doc {
  return doc.output_type === 'loglikelihood_rolling' ? doc : { ...doc, context: shots + doc.context };
}

async function readSplit(task: Task, split: Split, data: DataFiles): Promise<Doc[]> {
  const paths = task.files[split];
  if (paths === undefined) {
    const allowed = Object.keys(task.files).join(', ');
    throw new LabError('bad-spec', `${task.name}: split is ${split}; allowed: ${allowed}`);
  }
  return task.read(await findFile(task, paths, data));
}

async function findFile(task: Task, paths: readonly string[], data: DataFiles): Promise<DataFile> {
  for (const path of paths) {
    const bytes = await data.read(path);
    if (bytes !== undefined) return { path, bytes };
  }
  throw new LabError('missing-data', `${task.name} needs ${paths.join(' or ')}; not found in ${data.where}`);
}
