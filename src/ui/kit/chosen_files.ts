import { LabError } from '../../errors.ts';
import type { NamedFile } from '../../lab/protocol.ts';

/** A folder the reader chose: its name, and its files by their path below it. */
export interface ChosenFolder {
  name: string;
  files: NamedFile[];
}

/** The most files of a folder: more are a whole disk, not a model or a set of task files. */
const MOST_FILES = 20_000;

/**
 * The folder of an input with `webkitdirectory`: "models/tiny/config.json" of the folder models is tiny/config.json.
 * Folders whose name begins with a dot are passed over, as wherever a folder is read.
 * @throws bad-arguments when it holds more files than a model or a data set has
 */
export function folderOfInput(list: Iterable<File>): ChosenFolder | undefined {
  const files: NamedFile[] = [];
  let name: string | undefined;
  for (const file of list) {
    const [folder = '', ...parts] = file.webkitRelativePath.split('/');
    name ??= folder;
    if (!parts.slice(0, -1).some(isHidden)) add(files, { path: parts.join('/'), file }, name);
  }
  return name === undefined ? undefined : { name, files };
}

/**
 * The folder, or the loose files, that were dropped; hidden folders are passed over.
 * @throws bad-arguments when it holds more files than a model or a data set has
 */
export async function folderOfDrop(
  items: Iterable<Pick<DataTransferItem, 'webkitGetAsEntry'>>,
): Promise<ChosenFolder | undefined> {
  // Entries must be taken before the first await: the list is emptied when the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const [first] = entries;
  if (!first) return undefined;
  const name = first.isDirectory ? first.name : 'dropped files';
  const files: NamedFile[] = [];
  const one = entries.length === 1 && first.isDirectory;
  for (const entry of one ? await children(first as FileSystemDirectoryEntry) : entries) {
    await collect(entry, '', files, name);
  }
  return { name, files };
}

async function collect(
  entry: FileSystemEntry,
  below: string,
  files: NamedFile[],
  folder: string,
): Promise<void> {
  const path = below + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    add(files, { path, file }, folder);
  } else if (!isHidden(entry.name)) {
    for (const child of await children(entry as FileSystemDirectoryEntry)) {
      await collect(child, `${path}/`, files, folder);
    }
  }
}

const isHidden = (folder: string): boolean => folder.startsWith('.');

function add(files: NamedFile[], file: NamedFile, folder: string): void {
  // Of a part of them nobody could say which of two models is meant.
  if (files.length === MOST_FILES) {
    throw new LabError(
      'bad-arguments',
      `The folder ${folder} holds more than ${MOST_FILES} files; allowed: the folder of one model, or of task files.`,
    );
  }
  files.push(file);
}

/** A folder's entries; the reader hands them out a hundred at a time, and none when it is done. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
