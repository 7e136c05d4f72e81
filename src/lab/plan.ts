import { prompt, type Doc } from '../eval/doc.ts';
import { loadTask } from '../eval/tasks/load.ts';
import { chooseDocs } from '../eval/tasks/subset.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import { openDatasets, type DataPlace, type Datasets } from './datasets.ts';
import type { Hub } from './hub.ts';
import { hashText } from '../study/digest.ts';
import type { ChatTemplate } from '../model/chat/chat_template.ts';
import type { RenderChat } from '../model/chat/message.ts';
import type { ChatTemplateOrigin, DataOrigin, Environment } from '../study/result.ts';
import type { ExperimentSpec, TaskSpec } from '../study/spec.ts';

/** One thing to ask, of every configuration alike. */
export interface PlannedItem {
  task: TaskName;
  doc_id: number;
  doc: Doc;
  /** Its share of the time, in no unit: its characters, since tokens are not known yet. */
  cost: number;
}

/** All that a spec asks, and where it was read. */
export interface Plan
  extends Required<Pick<Environment, 'data' | 'items_sha256'>>, Pick<Environment, 'chat_template'> {
  /** In the order they are asked. */
  items: PlannedItem[];
}

/**
 * The items of a spec; every task's files are read here, before any weight is. `before` says where a run that goes on
 * read them, so that the Hub is asked for the same commits again. `openChat` is called where a task asks for the model's
 * chat template.
 */
export async function planItems(
  spec: ExperimentSpec,
  places: readonly DataPlace[],
  signal?: AbortSignal,
  before: Environment['data'] = {},
  openChat?: () => Promise<ChatTemplate>,
  hub?: Hub,
): Promise<Plan> {
  const asksChat = spec.tasks.some(({ apply_chat_template }) => apply_chat_template);
  const chat = asksChat ? conversationsOf(await openChat!()) : undefined;
  const datasets = openDatasets(places, Object.values(before).flat(), signal, hub);
  const items: PlannedItem[] = [];
  const data: Plan['data'] = {};
  for (const task of spec.tasks) {
    const planned = await planTask(task, spec.seed, datasets, chat?.renderFor(task.task));
    items.push(...planned.items);
    data[task.task] = planned.origins;
  }
  return {
    ...{ items, data, items_sha256: hashItems(items) },
    ...(chat && { chat_template: chat.origin() }),
  };
}

/** A chat template as each task's prompts are written by it, and what that came to. */
function conversationsOf(template: ChatTemplate) {
  const { file, source, time } = template;
  const without_system = new Set<TaskName>();
  let date: string | undefined;
  return {
    renderFor:
      (task: TaskName): RenderChat =>
      (messages) => {
        const { text, system_left_out, dated } = template.render(messages);
        if (system_left_out) without_system.add(task);
        if (dated) date = time.toDateString();
        return text;
      },
    origin: (): ChatTemplateOrigin => ({
      file,
      sha256: hashText(source),
      ...(date !== undefined && { date }),
      ...(without_system.size > 0 && { without_system: [...without_system] }),
    }),
  };
}

async function planTask(
  spec: TaskSpec,
  seed: number,
  datasets: Datasets,
  chat: RenderChat | undefined,
): Promise<{ items: PlannedItem[]; origins: DataOrigin[] }> {
  const { task, limit, doc_ids } = spec;
  const { docs, paths } = await loadTask(TASKS[task], datasets, spec, chat);
  const chosen = chooseDocs(docs.length, { seed, limit, doc_ids });
  return {
    items: chosen.map((doc_id) => ({ task, doc_id, doc: docs[doc_id]!, cost: costOf(docs[doc_id]!) })),
    origins: await datasets.originsOf(paths),
  };
}

/**
 * SHA-256 of what is asked: a line `task doc_id sha256(prompt)` each, sorted, so that the order of asking does not
 * matter.
 */
export function hashItems(items: readonly Pick<PlannedItem, 'task' | 'doc_id' | 'doc'>[]): string {
  const lines = items.map(({ task, doc_id, doc }) => `${task} ${doc_id} ${hashText(prompt(doc))}\n`);
  return hashText(lines.sort().join(''));
}

function costOf(doc: Doc): number {
  switch (doc.output_type) {
    case 'multiple_choice':
      return doc.context.length + doc.choices.join('').length;
    case 'generate_until':
      // A generated token takes a pass of its own, some forty times a prompt's.
      return doc.context.length + 40 * Math.max(...doc.refs.map((ref) => ref.length));
    case 'loglikelihood_rolling':
      return doc.text.length;
    case 'classify':
      // Some four characters a token, of which no more than max_length are read.
      return Math.min(doc.text.length, 4 * doc.max_length);
  }
}
