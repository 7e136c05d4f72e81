import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { LabError } from '../errors.ts';
import { ggufFiles } from '../model/gguf/gguf_files.ts';
import { modelFolder } from '../model/model_folder.ts';
import { ownFileSet } from '../tensor/folder.ts';
import type { ByteSource, FileSet } from '../tensor/source.ts';
import { systemError } from './system_error.ts';

/** A file on disk, read in parts. */
export async function diskSource(path: string, name = path): Promise<ByteSource> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw new LabError('missing-file', `${path} is not a file that can be read.`);
  return {
    name,
    byteLength: info.size,
    fill,
    async slice(begin, end) {
      const bytes = new Uint8Array(end - begin);
      await fill(begin, bytes);
      return bytes;
    },
  };

  async function fill(begin: number, target: Uint8Array<ArrayBuffer>): Promise<void> {
    const file = await open(path).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    try {
      const { bytesRead } = await file.read(target, 0, target.byteLength, begin);
      if (bytesRead === target.byteLength) return;
      throw new LabError(
        'truncated-file',
        `${path} ended at byte ${begin + bytesRead}; ${begin + target.byteLength} were expected.`,
      );
    } finally {
      await file.close();
    }
  }
}

function unreadable(path: string, error: unknown): LabError {
  const told = systemError(error, path, 'read');
  return new LabError('unreadable-file', told instanceof LabError ? told.message : `${path} cannot be read.`);
}

/**
 * Every file below a folder, by its path in it with "/" between the parts; links to files are files, links to folders
 * are not followed, for they may lead back.
 */
export async function diskFiles(folder: string): Promise<FileSet> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!entries) throw new LabError('missing-file', `${folder} is not a folder that can be read.`);
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const isFile = entry.isSymbolicLink()
      ? (await stat(path).catch(() => undefined))?.isFile()
      : entry.isFile();
    if (isFile) names.push(relative(folder, path).split(sep).join('/'));
  }
  return { names, open: (name) => diskSource(join(folder, name), name) };
}

/** True of the path of a GGUF file, which stands for a model's folder wherever one is asked for. */
export const isGgufPath = (path: string): boolean => /\.gguf$/i.test(path);

/** The files of the one model or adapter in a folder, by their own names; of a GGUF file, those it stands for. */
export async function diskModel(path: string, kind: 'model' | 'adapter' = 'model'): Promise<FileSet> {
  if (kind === 'model' && isGgufPath(path)) return ggufFiles(await diskSource(path, basename(path)));
  const own = ownFileSet(kind, await diskFiles(path));
  return kind === 'model' ? modelFolder(own) : own;
}
