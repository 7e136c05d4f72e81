import { describe, type DocText } from '../../eval/doc.ts';
import type { TaskName } from '../../eval/tasks/tasks.ts';
import { bundledData } from '../browser_host.ts';
import { planItems } from '../plan.ts';
import type { ExperimentSpec } from '../../study/spec.ts';

/**
 * Reads the questions of a spec whose tasks all come with the page; `base` is the page's address. A file of its own, so
 * that its readers are fetched only by a page that shows answers of a run from elsewhere.
 */
export async function bundledQuestions(
  spec: ExperimentSpec,
  base: string,
): Promise<{ task: TaskName; doc_id: number; doc: DocText }[]> {
  // As people read them, without the model's chat template.
  const tasks = spec.tasks.map((task) => ({
    ...task,
    apply_chat_template: false,
    fewshot_as_multiturn: false,
  }));
  const { items } = await planItems({ ...spec, tasks }, [bundledData(base)]);
  return items.map(({ task, doc_id, doc }) => ({ task, doc_id, doc: describe(doc) }));
}
