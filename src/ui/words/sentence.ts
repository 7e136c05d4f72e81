import { TASKS } from '../../eval/tasks/tasks.ts';
import type { TaskSpec, ExperimentSpec } from '../../study/spec.ts';
import { distinctNames, nameInLine } from '../../study/view/config_names.ts';
import { count, listed, whole } from '../../study/view/format.ts';

/** A group of the builder's fields. */
export type FieldGroup = 'baseline' | 'others' | 'questions' | 'model' | 'seed';

/** A stretch of the sentence; one that a group of fields sets names it. */
export interface Piece {
  text: string;
  sets?: FieldGroup;
}

/** More names than this in a row are counted instead, so that the reader reaches the verb. */
const MOST_CONFIGS = 5;
const MOST_TASKS = 4;
const MOST_IDS = 3;

/**
 * The experiment as one sentence, in pieces: "Compare *NF4 · 64 and FP4 · 64* with *float32* on *200 questions of Mini
 * ARC and 20 stories of Mini text*, with *nibble-tiny*, seed *7*." A draft with gaps in it reads as well.
 */
export function sentence({ configs, tasks, model, seed }: ExperimentSpec): Piece[] {
  const [baseline = '', ...others] = distinctNames(configs, nameInLine);
  const compared: Piece[] =
    others.length === 0
      ? [{ text: 'Measure ' }]
      : [{ text: 'Compare ' }, { text: listed(others, MOST_CONFIGS), sets: 'others' }, { text: ' with ' }];
  return [
    ...compared,
    { text: baseline, sets: 'baseline' },
    { text: ' on ' },
    {
      text: tasks.length === 0 ? 'no questions yet' : listed(tasks.map(itemsOf), MOST_TASKS),
      sets: 'questions',
    },
    { text: ', with ' },
    { text: modelText(model), sets: 'model' },
    { text: ', seed ' },
    { text: String(seed), sets: 'seed' },
    { text: '.' },
  ];
}

/** The sentence as plain text. */
export const sentenceText = (spec: ExperimentSpec): string =>
  sentence(spec)
    .map(({ text }) => text)
    .join('');

function itemsOf(spec: TaskSpec): string {
  const { task, limit, doc_ids, num_fewshot, split, file } = spec;
  const { title, item } = TASKS[task];
  const notes = [
    ...(split ? [split] : []),
    ...(num_fewshot ? [`${count(num_fewshot, 'example')} before each`] : []),
    ...(spec.apply_chat_template ? ['through the chat template'] : []),
    ...(spec.fewshot_as_multiturn === false && num_fewshot ? ['examples in one turn'] : []),
    ...(spec.system_instruction ? [`told “${short(spec.system_instruction)}”`] : []),
  ];
  const aside = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  // It is one text, whatever the limit.
  if (task === 'text') return `${file ? `the text ${file}` : 'a text of your own'}${aside}`;
  return `${itemsAsked(item, limit, doc_ids)} of ${title}${aside}`;
}

/** The beginning of an instruction. */
const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

function itemsAsked(
  [one, several]: readonly [string, string],
  limit: number | undefined,
  doc_ids: readonly number[] | undefined,
): string {
  if (doc_ids && doc_ids.length <= MOST_IDS) {
    return `${doc_ids.length === 1 ? one : several} ${listed(doc_ids.map(String))}`;
  }
  if (doc_ids) return `${whole(doc_ids.length)} chosen ${several}`;
  return limit === undefined ? `all ${several}` : count(limit, one, several);
}

function modelText(model: ExperimentSpec['model']): string {
  const { adapter } = model;
  const named = model.source === 'hub' ? withFile(atRevision(model), model.file) : model.name;
  const with_adapter = adapter
    ? ` and the adapter ${(adapter.source === 'hub' ? atRevision(adapter) : adapter.name) || 'you choose'}`
    : '';
  return (named || 'a model you choose') + with_adapter;
}

const withFile = (repo: string, file: string | undefined): string => (file ? `${file} of ${repo}` : repo);

/** A repository with its revision, a commit by its first twelve characters; `main` is not named. */
const atRevision = ({ repo, revision }: { repo: string; revision: string }): string =>
  revision === 'main' || repo === '' ? repo : `${repo} at ${revision.slice(0, 12)}`;
