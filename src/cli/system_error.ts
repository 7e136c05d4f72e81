import { LabError, type ErrorCode } from '../errors.ts';

/** What the system's error codes mean to whoever gave the path, and whether the machine or the path is to blame. */
const REASONS = new Map<string, readonly [ErrorCode, string]>([
  ['ENOSPC', ['storage-full', 'the disk is full']],
  ['EDQUOT', ['storage-full', 'your quota of the disk is used up']],
  ['EFBIG', ['storage-full', 'the disk takes no file of that size']],
  ['EIO', ['storage', 'the disk failed']],
  ['EMFILE', ['storage', 'too many files are open']],
  ['EROFS', ['bad-arguments', 'the disk is read-only']],
  ['EACCES', ['bad-arguments', 'permission is denied']],
  ['EPERM', ['bad-arguments', 'permission is denied']],
  ['ENOENT', ['bad-arguments', 'it or its folder does not exist']],
  ['ENOTDIR', ['bad-arguments', 'what should be a folder is a file']],
  ['EISDIR', ['bad-arguments', 'it is a folder']],
  ['EEXIST', ['bad-arguments', 'there is a file of that name']],
  ['ENAMETOOLONG', ['bad-arguments', 'the name is too long']],
  ['ELOOP', ['bad-arguments', 'its links lead in a circle']],
  ['EBUSY', ['bad-arguments', 'another program uses it']],
]);

/**
 * An error of the file system as a sentence: "out/r.json cannot be written: the disk is full."; any other error as it
 * came.
 */
export function systemError(error: unknown, path?: string, verb = 'used'): unknown {
  if (!(error instanceof Error) || error instanceof LabError || !('code' in error)) return error;
  const known = REASONS.get(String(error.code));
  const named = path ?? ('path' in error ? String(error.path) : undefined);
  if (!known || named === undefined) return error;
  const [code, reason] = known;
  return new LabError(code, `${named} cannot be ${verb}: ${reason}.`, { cause: error });
}

/** What `work` gives; what the file system refuses is told as a sentence about `path`. */
export function toldAbout<T>(path: string, verb: 'read' | 'written', work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemError(error, path, verb);
  }
}
