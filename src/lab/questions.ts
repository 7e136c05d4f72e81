import type { DBSchema } from 'idb';
import type { DocText } from '../eval/doc.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import { database } from './database.ts';

/** A question of a run as people read it. Answers and digests do not depend on it, so it is kept apart from them. */
export interface Question {
  run_id: string;
  task: TaskName;
  doc_id: number;
  doc: DocText;
}

/** The store of the questions of runs. */
export interface Questions {
  keep(question: Question): Promise<void>;
  /** Those of a task by their doc_ids, undefined where one is not kept. */
  of(run_id: string, task: TaskName, doc_ids: readonly number[]): Promise<(DocText | undefined)[]>;
  remove(run_id: string): Promise<void>;
}

interface Schema extends DBSchema {
  questions: { key: [string, string, number]; value: Question };
}

/** The questions in the browser's IndexedDB; what is asked of them rejects where that cannot be opened. */
export function browserQuestions(): Questions {
  const kept = database<Schema>('nibble-questions', [
    (db) => void db.createObjectStore('questions', { keyPath: ['run_id', 'task', 'doc_id'] }),
  ]);
  const rangeOf = (id: string) => IDBKeyRange.bound([id], [id, []]);
  return {
    keep: (question) => kept.use(async (db) => void (await db.put('questions', question))),
    of: (run_id, task, doc_ids) =>
      kept.use((db) => {
        const { store } = db.transaction('questions');
        return Promise.all(doc_ids.map(async (id) => (await store.get([run_id, task, id]))?.doc));
      }),
    remove: (run_id) => kept.use((db) => db.delete('questions', rangeOf(run_id))),
  };
}
