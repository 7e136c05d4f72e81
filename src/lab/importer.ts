import * as Comlink from 'comlink';
import { hold } from './alive.ts';
import { toFailure } from '../errors.ts';
import { mergeStored } from './merge_stored.ts';
import type { Importer } from './protocol.ts';
import { canonicalJson } from '../study/spec.ts';
import { readResults } from './read_results.ts';
import { browserStore } from './store.ts';

const store = browserStore();

const importer: Importer = {
  async take(file, onProgress) {
    try {
      const runs = await readResults(file);
      const total = runs.reduce((sum, { items }) => sum + items.length, 0);
      let before = 0;
      onProgress(0, total);
      for (const { record, items } of runs) {
        await store.add(record, items, (written) => onProgress(before + written, total));
        before += items.length;
      }
      const parts = new Map(
        runs.map(({ record }) => [
          canonicalJson([record.spec, record.shard?.of, record.shard?.mixed]),
          record,
        ]),
      );
      for (const part of parts.values()) await mergeStored(store, part);
      return runs.length;
    } catch (error) {
      return toFailure(error);
    }
  },
};

Comlink.expose({ ...importer, hold });
