import type { DataFiles } from './task.ts';

/** Files of a test, by path: `memoryFiles({'mini_arc.jsonl': '{…}'})`. */
export function memoryFiles(files: Readonly<Record<string, string>>): DataFiles {
  return {
    where: 'the test',
    read(path) {
      const text = files[path];
      return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text));
    },
  };
}
