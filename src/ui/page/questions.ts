import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { DocText } from '../../eval/doc.ts';
import type { ExperimentSpec } from '../../study/spec.ts';
import { questions } from '../../lab/client/kept.ts';

/** Questions of a run, by task and doc_ids; undefined where one is missing. */
export type Asked = (task: TaskName, doc_ids: readonly number[]) => Promise<(DocText | undefined)[]>;

/**
 * The questions of a run: those kept while it went on in this browser; for a run from elsewhere those that come with
 * the page. They are read when they are asked for: a run may have thousands.
 */
export function questionsOf(run_id: string, spec: ExperimentSpec): Asked {
  let bundled: ReturnType<typeof bundledWith> | undefined;
  return async (task, doc_ids) => {
    const kept = await questions
      .of(run_id, task, doc_ids)
      .catch(() => doc_ids.map((): DocText | undefined => undefined));
    if (!TASKS[task].bundled || kept.some((doc) => doc !== undefined)) return kept;
    const found = await (bundled ??= bundledWith(spec));
    return doc_ids.map((id) => found.get(`${task} ${id}`));
  };
}

/** The questions that come with the page, of the tasks of a spec that have such. */
async function bundledWith(spec: ExperimentSpec): Promise<ReadonlyMap<string, DocText>> {
  // Reads and plans whole files: nothing for a reader who only looks at a table.
  const { bundledQuestions } = await import('../../lab/client/bundled_questions.ts');
  const tasks = spec.tasks.filter(({ task }) => TASKS[task].bundled);
  const read = await bundledQuestions({ ...spec, tasks }, document.baseURI);
  return new Map(read.map(({ task, doc_id, doc }) => [`${task} ${doc_id}`, doc]));
}
