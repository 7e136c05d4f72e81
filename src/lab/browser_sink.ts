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
