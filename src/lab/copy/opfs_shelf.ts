import { LabError } from '../../errors.ts';
import { blobSource, type ByteSource } from '../../tensor/source.ts';
import type { CheckableFile } from './hub_file.ts';
import { keptFolder, keptIndex, lockOf, type KeptFile, type KeptIndex } from './kept_index.ts';
import { memoryShelf } from './memory_shelf.ts';
import { inParts, PART_BYTES, type Filling, type Shelf } from './shelf.ts';
import { accessTo, type SyncAccessHandle } from './sync_access.ts';

/** Parts of a file that come at a time. */
const LANES = 4;

/**
 * Copies in the origin's private file system, in a worker: they outlast the visit and are shared by its tabs. Where the
 * browser has none, as in some private windows, a shelf for this visit that says so.
 */
export async function opfsShelf(): Promise<Shelf> {
  try {
    const [folder, index] = await Promise.all([keptFolder(), keptIndex()]);
    const probe = await accessTo(await folder.getFileHandle('probe', { create: true }));
    probe.close();
    await folder.removeEntry('probe');
    return shelfIn(folder, index);
  } catch {
    return memoryShelf(
      'This browser keeps no files for this page: what is downloaded is there for this visit alone.',
    );
  }
}

function shelfIn(folder: FileSystemDirectoryHandle, index: KeptIndex): Shelf {
  async function whole(file: CheckableFile): Promise<ByteSource | undefined> {
    const kept = await index.file(file.key);
    if (!kept?.sha256) return undefined;
    const blob = await folder
      .getFileHandle(file.key)
      .then((handle) => handle.getFile())
      .catch(() => undefined);
    // A browser that cleared its files may have kept the index.
    if (blob?.size !== file.bytes) return undefined;
    return { ...blobSource(blob, file.name), sha256: kept.sha256 };
  }

  return {
    recall: (ref) => index.repository(ref),
    remember: (ref, repository) => index.putRepository(ref, repository),
    async copyOf(_, file, fill, signal) {
      const there = await whole(file);
      if (there) return there;
      return navigator.locks.request(lockOf(file), signal ? { signal } : {}, async () => {
        // Another tab may have fetched it meanwhile.
        const fetched = await whole(file);
        if (fetched) return fetched;
        const handle = await folder.getFileHandle(file.key, { create: true });
        const access = await accessTo(handle);
        const { key, bytes } = file;
        try {
          const filling = fillingOf(file, access, await index.file(key), (kept) => index.put(kept));
          const { sha256 } = await fill(filling);
          access.flush();
          await index.put({ key, bytes, done: inParts(bytes, bytes), sha256 });
        } finally {
          access.close();
        }
        return (await whole(file)) ?? gone(file);
      });
    },
    async lackOfSpace(_, files) {
      const { usage = 0, quota } = await navigator.storage.estimate();
      if (quota === undefined) return undefined;
      const kept = await Promise.all(files.map(({ key }) => index.file(key)));
      const missing = files.reduce((sum, { bytes }, i) => sum + bytes - doneOf(kept[i]), 0);
      const left = quota - usage;
      if (missing <= left) return undefined;
      return `Keeping it takes ${inMB(missing)} more, and this browser has about ${inMB(Math.max(0, left))} left for this page; the Storage screen deletes what is kept.`;
    },
  };
}

function gone({ name }: CheckableFile): never {
  throw new LabError('storage', `${name} was downloaded, and the browser has cleared it since.`);
}

const doneOf = (kept: KeptFile | undefined): number => (kept?.done ?? []).reduce((sum, n) => sum + n, 0);

const inMB = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

function fillingOf(
  { name, key, bytes: size }: CheckableFile,
  access: SyncAccessHandle,
  kept: KeptFile | undefined,
  put: (kept: KeptFile) => Promise<void>,
): Filling {
  const full = (cause?: unknown) =>
    new LabError('storage', `The browser has no more room for ${name}, of ${inMB(size)}.`, { cause });
  // A file that is shorter than the index says was cut by something else than us.
  const there = inParts(access.getSize(), size);
  const none = inParts(0, size);
  const known = kept?.done.length === none.length ? kept.done : none;
  const save = async (done: readonly number[]) => {
    access.flush();
    await put({ key, bytes: size, done: [...done] });
  };
  return {
    lanes: LANES,
    part_bytes: PART_BYTES,
    done: known.map((done, part) => Math.min(done, there[part]!)),
    write(at, chunk) {
      let written: number;
      try {
        written = access.write(chunk, { at });
      } catch (error) {
        throw full(error);
      }
      // Past its quota one browser returns a number that is no count and throws nothing.
      if (written !== chunk.byteLength) throw full();
    },
    read(at, length) {
      const bytes = new Uint8Array(length);
      if (access.read(bytes, { at }) === length) return bytes;
      throw new LabError('storage', `The browser's copy of ${name} ends early.`);
    },
    save,
    async clear() {
      await save(none);
      access.truncate(0);
    },
  };
}
