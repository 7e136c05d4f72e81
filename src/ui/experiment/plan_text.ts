import type { AdapterRef, ExperimentSpec } from '../../lab/spec.ts';
import { count } from '../format.ts';
import { questionsFrom, TASK_NAMES } from '../names.ts';

/** What a run of the spec reads, and from where, in sentences: shown before anything is fetched. */
export function planSentences({ model, configs, tasks }: ExperimentSpec): string[] {
  const titles = (place: ReturnType<typeof questionsFrom>) =>
    tasks.filter(({ task }) => questionsFrom(task) === place).map(({ task }) => TASK_NAMES[task].title);
  const sentences = [modelSentence(model), ...adapterSentences(model.adapter)];
  const [ours, theirs, yours] = [titles('page'), titles('hub'), titles('folder')];
  if (ours.length > 0) sentences.push(`The questions of ${listed(ours)} come with this page.`);
  if (theirs.length > 0) {
    sentences.push(
      `The questions of ${listed(theirs)} are downloaded from huggingface.co, unless a data folder that you choose has them.`,
    );
  }
  if (yours.length > 0) {
    sentences.push(`The questions of ${listed(yours)} are read from a data folder that you choose.`);
  }
  sentences.push(`${count(configs.length, 'configuration')}, ${itemsText(tasks)} each.`);
  return sentences;
}

function modelSentence(model: ExperimentSpec['model']): string {
  switch (model.source) {
    case 'bundled':
      return `The model ${model.name} comes with this page.`;
    case 'hub':
      return `The model ${model.repo} is downloaded from huggingface.co, at the revision “${model.revision}”. Its size is shown as soon as the download begins.`;
    case 'local':
      return `The model “${model.name}” is read from a folder that you choose. It stays on this device.`;
  }
}

function adapterSentences(adapter: AdapterRef | undefined): string[] {
  switch (adapter?.source) {
    case undefined:
      return [];
    case 'hub':
      return [
        `The adapter ${adapter.repo} is downloaded from huggingface.co, at the revision “${adapter.revision}”.`,
      ];
    case 'local':
      return [`The adapter “${adapter.name}” is read from a folder that you choose.`];
  }
}

function itemsText(tasks: ExperimentSpec['tasks']): string {
  const limits = tasks.map(({ limit, doc_ids }) => doc_ids?.length ?? limit);
  const open = limits.filter((limit) => limit === undefined).length;
  const most = limits.reduce<number>((sum, limit) => sum + (limit ?? 0), 0);
  if (open === limits.length) return 'every item of its tasks';
  return `at most ${count(most, 'item')}${open > 0 ? ' and all of the tasks without a limit' : ''}`;
}

/** "A", "A and B", "A, B and C". */
const listed = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
