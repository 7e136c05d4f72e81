import { TASKS, questionsFrom } from '../../eval/tasks/tasks.ts';
import type { AdapterRef, ExperimentSpec } from '../../study/spec.ts';
import { listed } from '../../study/view/format.ts';

/** Sentences on the files a run of the spec reads and where each comes from, shown before anything is fetched. */
export function planSentences({ model, tasks }: ExperimentSpec): string[] {
  const titles = (place: ReturnType<typeof questionsFrom>) =>
    tasks.filter(({ task }) => questionsFrom(task) === place).map(({ task }) => TASKS[task].title);
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
  return sentences;
}

function modelSentence(model: ExperimentSpec['model']): string {
  switch (model.source) {
    case 'bundled':
      return `The model ${model.name} comes with this page.`;
    case 'hub':
      return `The model ${model.file ? `${model.file} of ${model.repo}` : model.repo} is downloaded from huggingface.co, at the revision “${model.revision}”. Its size is shown as soon as the download begins.`;
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
