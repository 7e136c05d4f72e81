import { LabError } from '../errors.ts';
import type { ByteSource, FileSet } from './source.ts';

/** The file that a folder of each kind has, and by which it is known. */
const MARKS = { model: 'config.json', adapter: 'adapter_config.json' } as const;

/** More folders than this are counted, not named, in a message. */
const MOST_NAMED = 4;

/**
 * The files of the one model or adapter in a tree of files, by their own names, sorted; `paths` are relative to the
 * tree, with "/" between their parts. The folder taken is the one with `config.json` (`adapter_config.json`) that lies
 * in no other such folder, and nothing below it counts: what trainers and the Hub put there are other models.
 * `['out/config.json', 'out/checkpoint-500/config.json']` gives {'config.json' -> 'out/config.json'}.
 * Where no folder has it, these are the files at the top. Folders whose name begins with a dot are passed over.
 * @throws bad-arguments when several folders have it side by side, naming them.
 */
export function ownFiles(kind: keyof typeof MARKS, paths: readonly string[]): ReadonlyMap<string, string> {
  const mark = MARKS[kind];
  const seen = paths.filter((path) => !isHidden(path));
  const marked = seen.filter((path) => nameOf(path) === mark).map(folderOf);
  const folders = marked.filter((folder) => !marked.some((other) => isBelow(folder, other))).sort();
  if (folders.length > 1) {
    const named = folders.slice(0, MOST_NAMED).join(', ');
    const more = folders.length > MOST_NAMED ? ` and ${folders.length - MOST_NAMED} more` : '';
    throw new LabError(
      'bad-arguments',
      `${mark} lies in ${folders.length} folders, ${named}${more}; allowed: the folder of one ${kind}.`,
    );
  }
  const folder = folders[0] ?? '';
  const own = seen.filter((path) => folderOf(path) === folder).sort();
  return new Map(own.map((path) => [nameOf(path), path]));
}

/** The files of the one model or adapter in a folder, as ownFiles takes them; `open` is asked for whole paths. */
export function ownFileSet(kind: keyof typeof MARKS, files: FileSet): FileSet {
  const own = ownFiles(kind, files.names);
  return {
    names: [...own.keys()],
    async open(name): Promise<ByteSource> {
      const path = own.get(name);
      if (path === undefined)
        throw new LabError('missing-file', `${name} is not in the folder of the ${kind}.`);
      return { ...(await files.open(path)), name };
    },
  };
}

/** The same with what lies in folders below it, by their paths from there: `onnx/model.onnx`. */
export function wholeFileSet(kind: keyof typeof MARKS, files: FileSet): FileSet {
  const own = ownFiles(kind, files.names);
  const root = folderOf(own.get(MARKS[kind]) ?? '');
  const begin = root === '' ? '' : `${root}/`;
  const names = files.names.filter((path) => path.startsWith(begin) && !isHidden(path));
  return {
    names: names.map((path) => path.slice(begin.length)),
    open: async (name) => ({ ...(await files.open(begin + name)), name }),
  };
}

/**
 * The path of a task's file in a tree: the very path, or the only one that ends in it, for the folder chosen may lie
 * above: `pathOfData(['ARC/ARC-Easy-test.jsonl'], 'ARC-Easy-test.jsonl')`. Undefined where there is none.
 * @throws bad-arguments when several end in it, naming two.
 */
export function pathOfData(paths: readonly string[], wanted: string): string | undefined {
  if (paths.includes(wanted)) return wanted;
  const [first, second] = paths.filter((path) => path.endsWith(`/${wanted}`) && !isHidden(path)).sort();
  if (second === undefined) return first;
  throw new LabError(
    'bad-arguments',
    `${wanted} is in the data folder more than once, ${first} and ${second}; allowed: a folder that has it once.`,
  );
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** 'a/b/' of 'a/b/config.json', '' of a file at the top. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

const isBelow = (folder: string, other: string): boolean => folder !== other && folder.startsWith(other);

const isHidden = (path: string): boolean =>
  folderOf(path)
    .split('/')
    .some((part) => part.startsWith('.'));
