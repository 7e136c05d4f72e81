import { deleteRun } from '../../../src/lab/client/delete_run.ts';
import { store } from '../../../src/lab/client/kept.ts';
import { openLab } from '../../../src/lab/client/open_lab.ts';
import { toFailure, type Failure } from '../../../src/errors.ts';
import type { NamedFile, RunEvent } from '../../../src/lab/protocol.ts';
import type { RunRecord, StoredItem } from '../../../src/study/record.ts';
import { PLAIN_SPEC, smallModel, SMALL_TASKS } from '../small_run.ts';

/** What a script may do to the page and ask of it. */
export interface FaultyPage {
  /** Begins the small run, or goes on with it, and tells each event; resolves with how the call ended. */
  run(resume?: string): Promise<Failure | undefined>;
  pause(paused: boolean): Promise<void>;
  stop(): Promise<void>;
  /** Ends the worker at once. */
  end(): void;
  list(): Promise<RunRecord[]>;
  rows(id: string): Promise<StoredItem[]>;
  rename(id: string, title: string): Promise<void>;
  remove(id: string): Promise<Failure | undefined>;
}

declare global {
  interface Window {
    faulty: FaultyPage;
    /** Hears each event of a run. */
    told(event: RunEvent): Promise<void>;
  }
}

const failureOf = (work: Promise<unknown>): Promise<Failure | undefined> =>
  work.then(() => undefined, toFailure);

async function modelFiles(): Promise<NamedFile[]> {
  const files = smallModel();
  return Promise.all(
    files.names.map(async (path) => {
      const source = await files.open(path);
      return { path: `model/${path}`, file: new File([await source.slice(0, source.byteLength)], path) };
    }),
  );
}

const dataFiles = (): NamedFile[] =>
  Object.entries(SMALL_TASKS).map(([path, text]) => ({ path: `data/${path}`, file: new File([text], path) }));

const lab = openLab();
window.faulty = {
  run: async (resume) => {
    const files = { model_files: await modelFiles(), data_files: dataFiles() };
    let told: Promise<void> | undefined;
    const failure = await failureOf(
      lab.run({ spec: PLAIN_SPEC, resume, ...files }, (event) => {
        told = window.told(event);
      }),
    );
    // The end is heard behind the last event.
    await told;
    return failure;
  },
  pause: (paused) => lab.pause(paused),
  stop: () => lab.cancel(),
  end: () => lab.end(),
  list: () => store.list(),
  rows: (id) => store.items(id),
  rename: async (id, title) => {
    await store.change(id, (record) => ({ ...record, spec: { ...record.spec, title } }));
  },
  remove: (id) => failureOf(deleteRun(id)),
};
