import { LabError } from '../errors.ts';
import { blobSource, type FileSet } from '../tensor/source.ts';
import type { Saved } from './protocol.ts';
import type { FileSink } from './save_checkpoint.ts';

/** A folder of the user's disk as a sink; each file's name is noted once it is whole. */
export const directorySink = (directory: FileSystemDirectoryHandle, written: Saved['files']): FileSink => ({
  async open(name) {
    const handle = await directory.getFileHandle(name, { create: true });
    const stream = await handle.createWritable();
    return {
      write: (bytes) => stream.write(bytes),
      async close() {
        await stream.close();
        written.push({ name });
      },
    };
  },
});

/** Files to be downloaded, where a browser gives pages no folder to write to; Blobs may lie on its disk. */
export const blobSink = (written: Saved['files']): FileSink => ({
  open(name) {
    const parts: Blob[] = [];
    return Promise.resolve({
      write(bytes) {
        parts.push(new Blob([bytes]));
        return Promise.resolve();
      },
      close() {
        written.push({ name, blob: new Blob(parts) });
        return Promise.resolve();
      },
    });
  },
});

/**
 * The files of a saved copy, to be opened again: all of the folder it was written to, for what lay there before counts
 * for whoever loads it, or those that wait to be downloaded.
 */
export async function savedFiles(
  written: Saved['files'],
  directory: FileSystemDirectoryHandle | undefined,
): Promise<FileSet> {
  const files = new Map<string, () => Promise<Blob>>();
  for (const { name, blob } of written) if (blob) files.set(name, () => Promise.resolve(blob));
  if (directory) {
    for await (const entry of directory.values()) {
      if (entry.kind === 'file') files.set(entry.name, () => entry.getFile());
    }
  }
  return {
    names: [...files.keys()],
    async open(name) {
      const file = files.get(name);
      if (!file) throw new LabError('missing-file', `${name} is not among the files that were written.`);
      return blobSource(await file(), name);
    },
  };
}
