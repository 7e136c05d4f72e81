import { LabError } from '../errors.ts';
import type { Doc } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import type { ExperimentResult } from '../study/result.ts';
import { sampleOf, type ModelSamples } from '../study/samples/sample.ts';
import { samplesFileName } from '../study/samples/sample_files.ts';
import { sampleLine } from '../study/samples/write_samples.ts';
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

/** What questions are read from. */
type DocsHost = Pick<Host, 'data' | 'hub' | 'openFiles' | 'within'>;

/**
 * The questions of a result beside its answers. A result keeps no prompts: they are written again from its spec and the
 * data at hand.
 * @throws bad-data where the prompts are not those that were asked, missing-data where a task's file is nowhere.
 */
export async function answersWithDocs(
  { spec, runs, environment }: ExperimentResult,
  host: DocsHost,
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

/** The samples of each configuration of a result; answers of a classifier, which the harness has no tasks for, are left out. */
export async function samplesOf(
  result: ExperimentResult,
  host: DocsHost,
  where: string,
): Promise<ModelSamples[]> {
  const models = new Map<string, ModelSamples>();
  for (const { config, task, answers } of await answersWithDocs(result, host, where)) {
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

/** A configuration's answers to a task as the text of a samples file; none of a task that the harness has none of. */
export interface SamplesFile {
  config: string;
  task: TaskName;
  name: string;
  lines: string[];
}

/** The answers of a result as lm-evaluation-harness writes them under --log_samples. */
export async function samplesFiles(
  result: ExperimentResult,
  host: DocsHost,
  where: string,
): Promise<SamplesFile[]> {
  const answered = await answersWithDocs(result, host, where);
  return answered.flatMap(({ config, task, answers }) =>
    answers.length === 0
      ? []
      : {
          ...{ config, task, name: samplesFileName(task, result.environment.started) },
          lines: answers.flatMap(({ doc, item }) => sampleLine(doc, item, TASKS[task].metrics) ?? []),
        },
  );
}

/** A configuration's name as a part of a path: "NF4 · 64" is "NF4_64". */
export const pathPart = (config: string): string =>
  config.replace(/[^\p{L}\p{N}.-]+/gu, '_').replace(/^[._]+|_+$/g, '');
