import { LabError } from '../errors.ts';
import type { FileSet } from '../tensor/source.ts';
import { ggufFiles } from './gguf/gguf_files.ts';

const isGguf = (name: string): boolean => name.endsWith('.gguf');

/** What lies beside a model and reads its images; no model by itself. */
const isProjector = (name: string): boolean => /mmproj/i.test(name);

/**
 * The files of a model's folder, or of the one GGUF file in it where it holds no other weights.
 * @throws bad-arguments where there are several; all of ggufFiles'.
 */
export async function modelFolder(files: FileSet): Promise<FileSet> {
  if (files.names.some((name) => name.endsWith('.safetensors'))) return files;
  const found = files.names.filter((name) => isGguf(name) && !isProjector(name));
  if (found.length === 0) return files;
  if (found.length === 1) return ggufFiles(await files.open(found[0]!));
  throw new LabError(
    'bad-arguments',
    `${found.length} GGUF files lie in one place, ${found[0]} and ${found[1]} among them; allowed: one of them, by its path or, of a repository, its "file".`,
  );
}
