import * as Comlink from 'comlink';
import { toFailure } from '../errors.ts';
import { assembleResult } from '../study/assemble.ts';
import type { Reader } from './protocol.ts';
import { browserStore } from './store.ts';

const runs = browserStore();

const reader: Reader = {
  async read(id) {
    try {
      const record = await runs.get(id);
      if (!record) return {};
      const items = await runs.items(id);
      return { run: { record, answers: items.length, result: assembleResult(record, items) } };
    } catch (error) {
      return { failure: toFailure(error) };
    }
  },
};

Comlink.expose(reader);
