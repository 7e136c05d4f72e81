import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSink } from '../lab/save_checkpoint.ts';

/** A folder on disk as a sink; each file is written beside its place and renamed, so that none is there by halves. */
export const diskSink = (folder: string): FileSink => ({
  async open(name) {
    const path = join(folder, name);
    const beside = `${path}.${process.pid}.tmp`;
    const file = await open(beside, 'w');
    return {
      async write(bytes) {
        try {
          await file.writeFile(bytes);
        } catch (error) {
          await file.close().catch(() => undefined);
          await rm(beside, { force: true });
          throw error;
        }
      },
      async close() {
        await file.close();
        await rename(beside, path);
      },
    };
  },
});
