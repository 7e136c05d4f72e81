import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { DocText } from '../../eval/doc.ts';
import type { ExperimentSpec } from '../../study/spec.ts';
import { questions } from '../../lab/client/kept.ts';

/** Questions of a run, by task and doc_id. */
export type Asked = (task: TaskName, doc_id: number) => DocText | undefined;

/**
 * Reads the questions of a run: those kept while it went on in this browser; for a run from elsewhere those that come
 * with the page. Others are missing.
 */
export async function readAsked(run_id: string, spec: ExperimentSpec): Promise<Asked> {
  const kept = await questions.of(run_id).catch(() => []);
  const found = new Map(kept.map(({ task, doc_id, doc }) => [`${task} ${doc_id}`, doc]));
  if (found.size === 0) {
    const bundled = spec.tasks.filter(({ task }) => TASKS[task].bundled);
    if (bundled.length > 0) {
      // Reads and plans whole files: nothing for a reader who only looks at a table.
      const { bundledQuestions } = await import('../../lab/client/bundled_questions.ts');
      const read = await bundledQuestions({ ...spec, tasks: bundled }, document.baseURI);
      for (const { task, doc_id, doc } of read) found.set(`${task} ${doc_id}`, doc);
    }
  }
  return (task, doc_id) => found.get(`${task} ${doc_id}`);
}
