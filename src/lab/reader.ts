import * as Comlink from 'comlink';
import { hold } from './alive.ts';
import { toFailure } from '../errors.ts';
import { assembleResult } from '../study/assemble.ts';
import { compareResults } from '../study/compare_results.ts';
import type { ExperimentResult } from '../study/result.ts';
import type { CountedRun, Reader, StoredRun } from './protocol.ts';
import { browserStore } from './store.ts';

const store = browserStore();

async function readRun(id: string): Promise<StoredRun | undefined> {
  const record = await store.get(id);
  if (!record) return undefined;
  const items = await store.items(id);
  return { record, answers: items.length, result: assembleResult(record, items) };
}

const reader: Reader = {
  async read(id) {
    try {
      const run = await readRun(id);
      return run ? { run } : {};
    } catch (error) {
      return { failure: toFailure(error) };
    }
  },
  async compare(a, b) {
    try {
      const [first, second] = [await readRun(a), await readRun(b)];
      if (!first?.result || !second?.result) return {};
      const reproduction = compareResults(first.result, second.result);
      const runs = [counted(first.record, first.result), counted(second.record, second.result)] as const;
      return { compared: { runs, reproduction } };
    } catch (error) {
      return { failure: toFailure(error) };
    }
  },
};

/** A result without its answers, which would hold up the page that is given them. */
const counted = (record: CountedRun['record'], result: ExperimentResult): CountedRun => ({
  record,
  result: {
    ...result,
    runs: result.runs.map((run) => ({ ...run, tasks: run.tasks.map((task) => ({ ...task, items: [] })) })),
  },
});

Comlink.expose({ ...reader, hold });
