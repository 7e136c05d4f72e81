import { LabError } from '../errors.ts';
import type { Doc } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import type { ExperimentResult } from '../study/result.ts';
import { distinctNames } from '../study/view/config_names.ts';
import { chatWithin } from './deadline.ts';
import type { Host } from './host.ts';
import { pinned } from './identity.ts';
import { planItems } from './plan.ts';

/** A configuration's answers to a task, each with the question it answers. */
export interface Answered {
  config: string;
  task: TaskName;
  answers: { doc: Doc; item: ItemResult }[];
}

/**
 * The questions of a result beside its answers. A result keeps no prompts: they are written again from its spec and the
 * data at hand.
 * @throws bad-data where the prompts are not those that were asked, missing-data where a task's file is nowhere.
 */
export async function answersWithDocs(
  { spec, runs, environment }: ExperimentResult,
  host: Pick<Host, 'data' | 'hub' | 'openFiles' | 'within'>,
  where: string,
): Promise<Answered[]> {
  const { signal } = new AbortController();
  const { model } = pinned(spec.model, environment.model);
  const openChat = async () => {
    const { files } = await host.openFiles(model, () => undefined, signal);
    const chat = await openChatTemplate(files, new Date(environment.started));
    return host.within ? chatWithin(host.within, chat) : chat;
  };
  const plan = await planItems(spec, host.data, signal, environment.data, openChat, host.hub);
  if (environment.items_sha256 !== undefined && environment.items_sha256 !== plan.items_sha256) {
    throw new LabError(
      'bad-data',
      `${where} has asked other prompts (items_sha256 ${environment.items_sha256.slice(0, 12)}…) than the data at hand gives (${plan.items_sha256.slice(0, 12)}…); allowed: the files it was run with, by --data and --model.`,
    );
  }
  const docs = new Map(plan.items.map(({ task, doc_id, doc }) => [`${task} ${doc_id}`, doc]));
  const names = distinctNames(runs.map(({ config }) => config));
  return runs.flatMap((run, i) =>
    run.tasks.map(({ task, items }) => ({
      config: names[i]!,
      task,
      answers: items.map((item) => {
        const doc = docs.get(`${task} ${item.doc_id}`);
        if (doc?.output_type !== item.output_type) {
          throw new LabError(
            'bad-data',
            `${where}: ${task} has an answer to doc_id ${item.doc_id}, which its spec does not ask; allowed: the items of its spec.`,
          );
        }
        return { doc, item };
      }),
    })),
  );
}
