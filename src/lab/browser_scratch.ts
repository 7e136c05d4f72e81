import { accessTo, type SyncAccessHandle } from './copy/sync_access.ts';
import { tooShort, type Scratch, type ScratchFile } from './scratch.ts';
import type { Store } from './store.ts';

const FOLDER = 'baseline-states';

/**
 * Scratch files of a run in the origin's private file system, in a worker. What finished or removed runs left there
 * is cleared first. Undefined where the browser offers no such files, as in some private windows.
 */
export async function browserScratch(run_id: string, store: Store): Promise<Scratch | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(FOLDER, { create: true });
    const resumable = (await store.list()).filter(({ state }) => state !== 'done').map(({ id }) => id);
    for await (const name of all.keys()) {
      if (name !== run_id && !resumable.includes(name)) await all.removeEntry(name, { recursive: true });
    }
    const folder = await all.getDirectoryHandle(run_id, { create: true });
    return scratchIn(folder, () => all.removeEntry(run_id, { recursive: true }));
  } catch {
    return undefined;
  }
}

const scratchIn = (folder: FileSystemDirectoryHandle, clear: () => Promise<void>): Scratch => ({
  async create(name) {
    const handle = await folder.getFileHandle(name, { create: true });
    const access = await accessTo(handle);
    access.truncate(0);
    return fileOf(name, access);
  },
  async open(name) {
    const handle = await folder.getFileHandle(name).catch(() => undefined);
    return handle && fileOf(name, await accessTo(handle));
  },
  remove: (name) => folder.removeEntry(name),
  clear,
});

function fileOf(name: string, access: SyncAccessHandle): ScratchFile {
  let at = 0;
  return {
    append(bytes) {
      const written = access.write(bytes, { at });
      // Past its quota one browser returns a number that is no count and throws nothing.
      if (written !== bytes.byteLength) throw new Error(`There is no room for the scratch file ${name}.`);
      at += written;
    },
    next(length) {
      const bytes = new Uint8Array(length);
      const read = access.read(bytes, { at });
      if (read < length) throw tooShort(name);
      at += read;
      return bytes;
    },
    close: () => access.close(),
  };
}
