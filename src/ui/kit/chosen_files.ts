import type { NamedFile } from '../../lab/protocol.ts';

/** A folder the reader chose: its name, and its files by their path below it. */
export interface ChosenFolder {
  name: string;
  files: NamedFile[];
}

/** The most files of a folder: more are a whole disk, not a model or a set of task files. */
const MOST_FILES = 10_000;

/**
 * The folder of an input with `webkitdirectory`: "models/tiny/config.json" of the folder models is tiny/config.json.
 */
export function folderOfInput(list: FileList): ChosenFolder | undefined {
  const files = [...list].slice(0, MOST_FILES);
  const [first] = files;
  if (!first) return undefined;
  return {
    name: first.webkitRelativePath.split('/')[0] ?? '',
    files: files.map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/'), file })),
  };
}

/** The folder, or the loose files, that were dropped. */
export async function folderOfDrop(items: DataTransferItemList): Promise<ChosenFolder | undefined> {
  // Entries must be taken before the first await: the list is emptied when the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const [first] = entries;
  if (!first) return undefined;
  const files: NamedFile[] = [];
  if (entries.length === 1 && first.isDirectory) {
    for (const entry of await children(first as FileSystemDirectoryEntry)) await collect(entry, '', files);
  } else {
    for (const entry of entries) await collect(entry, '', files);
  }
  return { name: first.isDirectory ? first.name : 'dropped files', files };
}

async function collect(entry: FileSystemEntry, below: string, files: NamedFile[]): Promise<void> {
  if (files.length >= MOST_FILES) return;
  const path = below + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    files.push({ path, file });
  } else {
    for (const child of await children(entry as FileSystemDirectoryEntry)) {
      await collect(child, `${path}/`, files);
    }
  }
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
