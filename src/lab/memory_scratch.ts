import { tooShort, type Scratch, type ScratchFile } from './scratch.ts';

/** Scratch files in memory, for tests. */
export function memoryScratch(): Scratch {
  const files = new Map<string, Uint8Array<ArrayBuffer>[]>();
  return {
    create(name) {
      files.set(name, []);
      return Promise.resolve(fileOf(name, files.get(name)!));
    },
    open(name) {
      const parts = files.get(name);
      return Promise.resolve(parts && fileOf(name, parts));
    },
    remove: (name) => Promise.resolve(void files.delete(name)),
    clear: () => Promise.resolve(files.clear()),
  };
}

function fileOf(name: string, parts: Uint8Array<ArrayBuffer>[]): ScratchFile {
  let at = 0;
  return {
    append: (bytes) => void parts.push(bytes.slice()),
    next(length) {
      const whole = new Uint8Array(parts.flatMap((part) => [...part]));
      if (at + length > whole.length) throw tooShort(name);
      return whole.slice(at, (at += length));
    },
    close: () => undefined,
  };
}
