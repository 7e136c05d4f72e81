import * as Comlink from 'comlink';
import { hold } from './alive.ts';
import { toFailure } from '../errors.ts';
import { takeRuns } from './take_runs.ts';
import type { Importer } from './protocol.ts';
import { readResults } from './read_results.ts';
import { browserStore } from './store.ts';

const store = browserStore();

const importer: Importer = {
  async take(file, onProgress) {
    try {
      const runs = await readResults(file);
      await takeRuns(store, runs, onProgress);
      return runs.length;
    } catch (error) {
      return toFailure(error);
    }
  },
};

Comlink.expose({ ...importer, hold });
