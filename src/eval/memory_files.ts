import { memorySource } from '../tensor/source.ts';
import type { DataFiles } from './task.ts';

/** Files of a test, by path: `memoryFiles({'mini_arc.jsonl': '{…}'})`. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array>>): DataFiles {
  return {
    where: 'the test',
    open(path) {
      const content = files[path];
      if (content === undefined) return Promise.resolve(undefined);
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      return Promise.resolve(memorySource(path, bytes));
    },
  };
}
