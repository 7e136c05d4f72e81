import * as Comlink from 'comlink';
import { hold } from './alive.ts';
import { toFailure } from '../errors.ts';
import type { ItemResult } from '../eval/item.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import { assembleResult, measuredConfigs, resultBuilder } from '../study/assemble.ts';
import { reproductionOf } from '../study/compare_results.ts';
import { FORMS } from '../study/forms.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { canonicalJson } from '../study/spec.ts';
import { pairItems, pairsOf, type ItemPair } from '../study/view/disagreements.ts';
import type { ComparedRuns, PairsRequest, Reader, StoredRun } from './protocol.ts';
import { browserStore } from './store.ts';

const store = browserStore();

async function read(id: string, onPart?: (run: StoredRun) => void): Promise<StoredRun | undefined> {
  const record = await store.get(id);
  if (!record) return undefined;
  const answers = await store.count(id);
  const builder = resultBuilder(record, 'counted');
  const configs = measuredConfigs(record);
  const soFar = (): StoredRun => ({ record, answers, result: builder.result() });
  for (const [done, config] of configs.entries()) {
    onPart?.({ ...soFar(), reading: { done, total: configs.length } });
    builder.add(config, await store.items(id, config));
  }
  return soFar();
}

/** The pairs that were asked for last: whoever reads a list asks for one page of it after another. */
let latest: { key: string; pairs: ItemPair[] } | undefined;

async function pairsIn({ id, task, first, second }: PairsRequest): Promise<ItemPair[]> {
  // A run that goes on has other pairs than a moment ago.
  const key = [id, task, first, second, await store.count(id)].join(' ');
  if (latest?.key !== key) {
    latest = undefined;
    const record = await store.get(id);
    const configs = record ? measuredConfigs(record) : [];
    const itemsAt = async (run: number): Promise<ItemResult[]> =>
      configs[run] === undefined ? [] : itemsOf(await store.items(id, configs[run], task));
    latest = { key, pairs: pairItems(task, await itemsAt(first), await itemsAt(second)) };
  }
  return latest.pairs;
}

const itemsOf = (rows: readonly StoredItem[]): ItemResult[] => rows.map(({ item }) => item);

async function compare(
  a: string,
  b: string,
  onPart?: (soFar: ComparedRuns) => void,
): Promise<ComparedRuns | undefined> {
  const [x, y] = [await store.get(a), await store.get(b)];
  if (!x?.environment || !y?.environment) return undefined;
  const [left, right] = [resultBuilder(x, 'counted'), resultBuilder(y, 'counted')];
  const comparer = reproductionOf();
  const soFar = (): ComparedRuns => ({
    runs: [
      { record: x, result: left.result()! },
      { record: y, result: right.result()! },
    ],
  });
  const added = new Set<number>();
  for (const config of measuredConfigs(x)) {
    onPart?.(soFar());
    const own = await store.items(a, config);
    left.add(config, own);
    const twin = twinOf(x, config, y);
    const others = twin === undefined ? [] : await store.items(b, twin);
    for (const { task } of x.spec.tasks) {
      comparer.add(x.spec.configs[config]!, task, answersTo(task, own), answersTo(task, others));
    }
    // Runs of the same experiment have their configurations in the same order: then each is read once.
    if (twin !== undefined && measuredConfigs(y)[added.size] === twin) {
      right.add(twin, others);
      added.add(twin);
    }
  }
  for (const config of measuredConfigs(y))
    if (!added.has(config)) right.add(config, await store.items(b, config));
  const { runs } = soFar();
  return { runs, reproduction: comparer.end(runs[0].result, runs[1].result) };
}

/** The place of the same configuration among those that another run has measured. */
function twinOf(from: RunRecord, config: number, to: RunRecord): number | undefined {
  const wanted = canonicalJson(from.spec.configs[config]);
  return measuredConfigs(to).find((index) => canonicalJson(to.spec.configs[index]) === wanted);
}

const answersTo = (task: TaskName, rows: readonly StoredItem[]): ItemResult[] =>
  itemsOf(rows.filter((row) => row.task === task));

/** What `ask` gives under `name`, or why it cannot. */
async function answer<Name extends string, T>(
  name: Name,
  ask: () => Promise<T | undefined>,
): Promise<{ [key in Name]?: T } & { failure?: ReturnType<typeof toFailure> }> {
  try {
    const value = await ask();
    return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: T };
  } catch (error) {
    return { failure: toFailure(error) } as { [key in Name]?: T } & { failure: ReturnType<typeof toFailure> };
  }
}

const reader: Reader = {
  read: (id, onPart) => answer('run', () => read(id, onPart)),
  pairs: (request) => answer('pairs', async () => pairsOf(await pairsIn(request), request)),
  write: (id, form, link) =>
    answer('file', async () => {
      const record = await store.get(id);
      const result = record && assembleResult(record, await store.items(id));
      return result && new Blob(await FORMS[form](result, link));
    }),
  compare: (a, b, onPart) => answer('compared', () => compare(a, b, onPart)),
};

Comlink.expose({ ...reader, hold });
