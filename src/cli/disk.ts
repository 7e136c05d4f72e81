import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import type { ByteSource, FileSet } from '../tensor/source.ts';

/** A file on disk, read in parts. */
export async function diskSource(path: string, name = path): Promise<ByteSource> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw new LabError('missing-file', `${path} is not a file that can be read.`);
  return {
    name,
    byteLength: info.size,
    async slice(begin, end) {
      const file = await open(path);
      try {
        const bytes = new Uint8Array(end - begin);
        const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, begin);
        if (bytesRead === bytes.byteLength) return bytes;
        throw new LabError(
          'truncated-file',
          `${path} ended at byte ${begin + bytesRead}; ${end} were expected.`,
        );
      } finally {
        await file.close();
      }
    },
  };
}

/** The files of a folder, as a checkpoint or a set of task files. */
export async function diskFiles(folder: string): Promise<FileSet> {
  const names = await readdir(folder, { recursive: true }).catch(() => undefined);
  if (!names) throw new LabError('missing-file', `${folder} is not a folder that can be read.`);
  return { names, open: (name) => diskSource(join(folder, name), name) };
}
