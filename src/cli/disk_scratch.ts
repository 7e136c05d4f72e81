import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tooShort, type Scratch, type ScratchFile } from '../lab/scratch.ts';

/** Scratch files in the machine's folder for such; they go with the process at the latest. */
export function diskScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-'));
  const clear = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clear);
  return {
    create: (name) => Promise.resolve(fileOf(name, openSync(join(folder, name), 'w'))),
    open(name) {
      try {
        return Promise.resolve(fileOf(name, openSync(join(folder, name), 'r')));
      } catch {
        return Promise.resolve(undefined);
      }
    },
    remove: (name) => Promise.resolve(rmSync(join(folder, name), { force: true })),
    clear() {
      process.off('exit', clear);
      return Promise.resolve(clear());
    },
  };
}

const fileOf = (name: string, fd: number): ScratchFile => ({
  append(bytes) {
    for (let done = 0; done < bytes.byteLength;) done += writeSync(fd, bytes, done);
  },
  next(length) {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const read = readSync(fd, bytes, done, length - done, null);
      if (read === 0) throw tooShort(name);
      done += read;
    }
    return bytes;
  },
  close: () => closeSync(fd),
});
