import { LabError } from '../../errors.ts';
import type { RenderChat } from '../../model/chat/message.ts';
import type { Doc } from '../doc.ts';
import { pythonRandom, sampleIndices } from '../read/python_random.ts';
import { badData, type DataFile } from '../read/records.ts';
import { delimited, writePrompt, type PromptStyle, type Shot } from '../write_prompt.ts';
import {
  CHAT_OPTIONS,
  hasPrompt,
  type DataFiles,
  type Fewshot,
  type Paths,
  type Split,
  type Task,
} from './task.ts';

/** The harness's fewshot_random_seed. */
const FEWSHOT_SEED = 1234;

/** The paths that a message about a missing file names, beside the Hub's. */
const MOST_NAMED = 5;

/** Options of a spec for reading a task; an absent one is the task's own default. */
export interface DocOptions {
  split?: Split | undefined;
  num_fewshot?: number | undefined;
  /** Of a task of `any_file`: the path of the file, in place of the task's own. */
  file?: string | undefined;
  /** Prompts as a conversation; needs `chat`. */
  apply_chat_template?: boolean | undefined;
  /** Each example a turn of its own, as is the default, or all of them in the one turn that asks. */
  fewshot_as_multiturn?: boolean | undefined;
  /** Stands before everything, as the system's turn of a conversation. */
  system_instruction?: string | undefined;
}

/** A task's docs, and the paths of all files they were read from, those of the examples too. */
export interface LoadedDocs {
  docs: Doc[];
  paths: string[];
}

/**
 * The docs of a task in their file's order, prompts complete: `loadDocs(TASKS.arc_easy, data, {num_fewshot: 5})`
 * gives 2376. Throws LabError: 'bad-spec' for a split, file or num_fewshot the task does not have, 'missing-data' for
 * a file that is not there, 'bad-data' for one that is not in its published layout.
 */
export const loadDocs = async (
  task: Task,
  data: DataFiles,
  options: DocOptions = {},
  chat?: RenderChat,
): Promise<Doc[]> => (await loadTask(task, data, options, chat)).docs;

/** The docs of a task as loadDocs gives them, with the paths of the files that were read. */
export async function loadTask(
  task: Task,
  data: DataFiles,
  options: DocOptions = {},
  chat?: RenderChat,
): Promise<LoadedDocs> {
  const style = styleOf(task, options, chat);
  const split = options.split ?? task.split;
  const num_fewshot = options.num_fewshot ?? task.num_fewshot;
  if (!Number.isSafeInteger(num_fewshot) || num_fewshot < 0) {
    throw new LabError('bad-spec', `${task.name}: num_fewshot is ${num_fewshot}; allowed: 0, 1, 2, …`);
  }
  if (options.file !== undefined && !task.any_file) {
    throw new LabError('bad-spec', `${task.name}: file is ${options.file}; allowed: none, it has its own`);
  }
  const { docs, paths } = await readSplit(task, split, data, options.file);
  const written = (doc: Doc, shots: readonly Doc[]) =>
    withPrompt(task, doc, shots, options.system_instruction, style);
  if (num_fewshot === 0) return { docs: docs.map((doc) => written(doc, [])), paths };
  if (task.fewshot === null) {
    throw new LabError(
      'bad-spec',
      `${task.name}: num_fewshot is ${num_fewshot}; allowed: 0, it takes no examples`,
    );
  }
  const own = task.fewshot.split === split;
  const pool = own ? { docs, paths: [] } : await readSplit(task, task.fewshot.split, data);
  const drawn = shotsFor(task.name, task.fewshot, docs, pool.docs, num_fewshot, own);
  return {
    docs: docs.map((doc, doc_id) => written(doc, drawn[doc_id]!)),
    paths: [...paths, ...pool.paths],
  };
}

/** The examples of each doc, in the order they stand. */
function shotsFor(
  name: string,
  fewshot: Fewshot,
  docs: readonly Doc[],
  pool: readonly Doc[],
  num_fewshot: number,
  own: boolean,
): Doc[][] {
  const require = (most: number, size: number, of: string) => {
    if (num_fewshot <= most) return;
    throw new LabError(
      'bad-spec',
      `${name}: num_fewshot is ${num_fewshot}; allowed: 0 to ${most}, the ${fewshot.split} split has ${size} docs${of}`,
    );
  };
  if (fewshot.sampler === 'default') {
    const spare = own || fewshot.spare;
    require(pool.length - (spare ? 1 : 0), pool.length, '');
    return drawShots({ docs: docs.length, pool: pool.length, num_fewshot, spare, own }).map((shots) =>
      shots.map((shot) => pool[shot]!),
    );
  }
  const byGroup = new Map<string | undefined, Doc[]>();
  for (const doc of pool) byGroup.set(doc.group, [...(byGroup.get(doc.group) ?? []), doc]);
  return docs.map((doc) => {
    const shots = (byGroup.get(doc.group) ?? []).filter((shot) => shot !== doc);
    require(shots.length, shots.length, doc.group === undefined ? '' : ` of ${doc.group}`);
    return shots.slice(0, num_fewshot);
  });
}

/**
 * The pool's docs that stand before each doc, as the harness draws them: one random.Random(1234) a task, one
 * random.sample a doc, in the order of the split. So a doc's examples depend on its doc_id alone, not on the
 * other docs that are asked. `own`: pool and docs are the same, and a doc is no example of itself.
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

function asShot(doc: Doc): Shot[] {
  switch (doc.output_type) {
    case 'multiple_choice':
      return [{ asked: doc.context, answer: doc.choices[doc.gold]! }];
    case 'generate_until':
      return [{ asked: doc.context, answer: doc.refs[0]! }];
    case 'loglikelihood_rolling':
    case 'classify':
      return [];
  }
}

/** Throws LabError 'bad-spec' where the task has no prompt to write so. */
function styleOf({ name, output_type }: Task, options: DocOptions, chat?: RenderChat): PromptStyle {
  const { apply_chat_template = false, fewshot_as_multiturn } = options;
  const refuse = (key: keyof DocOptions, why: string): never => {
    throw new LabError('bad-spec', `${name}: ${key} is ${JSON.stringify(options[key])}; allowed: ${why}`);
  };
  if (!hasPrompt(output_type)) {
    for (const key of CHAT_OPTIONS) {
      if (options[key]) refuse(key, 'none, it has no prompt');
    }
  }
  if (!apply_chat_template) {
    if (fewshot_as_multiturn) refuse('fewshot_as_multiturn', 'with apply_chat_template');
    return {};
  }
  if (!chat) throw new LabError('internal', `${name}: the model's chat template was not opened`);
  return { chat, fewshot_as_multiturn: fewshot_as_multiturn ?? true };
}

function withPrompt(
  task: Task,
  doc: Doc,
  shots: readonly Doc[],
  system_instruction: string | undefined,
  style: PromptStyle,
): Doc {
  if (!('context' in doc)) return doc;
  const system = delimited(system_instruction ?? '', task.description?.(doc) ?? '');
  const context = writePrompt({ system, shots: shots.flatMap(asShot), asked: doc.context }, style);
  if (doc.output_type !== 'multiple_choice' || !style.chat) return { ...doc, context };
  // The answer begins a turn of its own, so that no space parts it from the prompt.
  return { ...doc, context, target_delimiter: '' };
}

async function readSplit(task: Task, split: Split, data: DataFiles, file?: string): Promise<LoadedDocs> {
  const alternatives = file === undefined ? pathsOf(task, split) : [file];
  const files = await findFiles(task, alternatives, data);
  const docs: Doc[] = [];
  for (const found of files) docs.push(...(await task.read(found)));
  // Of files that only together are the split, each was checked by itself.
  if (docs.length === 0) badData(files[0]!.path, 'the number of docs', 0, '1 or more');
  return { docs, paths: files.map(({ path }) => path) };
}

/** Every path a split may have: the originals', then a folder copied from the Hub, at last the Hub's own. */
function pathsOf(task: Task, split: Split): Paths[] {
  const originals = task.files[split] ?? [];
  const hub = task.hub?.files[split];
  if (task.hub === undefined || hub === undefined) {
    if (originals.length > 0) return [...originals];
    const allowed = Object.keys(task.files).join(', ');
    throw new LabError('bad-spec', `${task.name}: split is ${split}; allowed: ${allowed}`);
  }
  const { repo } = task.hub;
  return [...originals, `${repo.slice(repo.indexOf('/') + 1)}/${hub}`, hub, `${repo}/${hub}`];
}

async function findFiles(task: Task, alternatives: readonly Paths[], data: DataFiles): Promise<DataFile[]> {
  for (const alternative of alternatives) {
    const files: DataFile[] = [];
    for (const path of [alternative].flat()) {
      const source = await data.open(path);
      if (source === undefined) break;
      files.push({ path, source });
    }
    if (files.length === [alternative].flat().length) return files;
  }
  const names = alternatives
    .map((paths) => (typeof paths === 'string' ? paths : `${paths[0]} and ${paths.length - 1} more`))
    // The names of rarer copies would bury those that most people have.
    .filter((_, i) => i < MOST_NAMED || i === alternatives.length - 1);
  throw new LabError('missing-data', `${task.name} needs ${names.join(' or ')}; not found in ${data.where}`);
}
