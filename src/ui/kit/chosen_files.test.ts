import { expect, it } from 'vitest';
import { folderOfDrop, folderOfInput } from './chosen_files.ts';

const fileAt = (path: string) => Object.assign(new File([], path), { webkitRelativePath: path });

const fileEntry = (name: string) => ({
  ...{ isFile: true, isDirectory: false, name },
  file: (resolve: (file: File) => void) => resolve(new File([], name)),
});
const folderEntry = (name: string, inner: object[]) => ({
  ...{ isFile: false, isDirectory: true, name },
  createReader() {
    const left = [...inner];
    // A hundred at a time, as Chromium does.
    return { readEntries: (resolve: (entries: object[]) => void) => resolve(left.splice(0, 100)) };
  },
});
const dropped = (...entries: object[]) =>
  entries.map((entry) => ({ webkitGetAsEntry: () => entry as FileSystemEntry }));

it("names a chosen folder's files by their path below it, without hidden folders", async () => {
  const paths = ['tiny/.git/objects/ab', 'tiny/.gitattributes', 'tiny/a/config.json', 'tiny/b.json'];
  const wanted = ['.gitattributes', 'a/config.json', 'b.json'];
  const chosen = folderOfInput(paths.map(fileAt))!;
  expect([chosen.name, chosen.files.map(({ path }) => path)]).toEqual(['tiny', wanted]);
  const drop = await folderOfDrop(
    dropped(
      folderEntry('tiny', [
        folderEntry('.git', [folderEntry('objects', [fileEntry('ab')])]),
        fileEntry('.gitattributes'),
        folderEntry('a', [fileEntry('config.json')]),
        fileEntry('b.json'),
      ]),
    ),
  );
  expect([drop!.name, drop!.files.map(({ path }) => path)]).toEqual(['tiny', wanted]);
});

it('takes every file, or says that there are too many: none is left out in silence', async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `${i}`);
  expect(folderOfInput(names.map((name) => fileAt(`disk/${name}`)))!.files).toHaveLength(20_000);
  const message =
    'The folder disk holds more than 20000 files; allowed: the folder of one model, or of task files.';
  const more = [...names, 'config.json'];
  expect(() => folderOfInput(more.map((name) => fileAt(`disk/${name}`)))).toThrow(message);
  await expect(folderOfDrop(dropped(folderEntry('disk', more.map(fileEntry))))).rejects.toThrow(message);
});

it('takes loose files, and nothing of an empty choice', async () => {
  const drop = await folderOfDrop(dropped(fileEntry('config.json'), fileEntry('tokenizer.json')));
  expect(drop).toMatchObject({
    name: 'dropped files',
    files: [{ path: 'config.json' }, { path: 'tokenizer.json' }],
  });
  expect(folderOfInput([])).toBeUndefined();
  expect(await folderOfDrop([])).toBeUndefined();
});
