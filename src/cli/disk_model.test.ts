import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { browserHost } from '../lab/browser_host.ts';
import { plainHub } from '../lab/hub.ts';
import { memoryStore } from '../lab/store.ts';
import type { FileSet } from '../tensor/source.ts';
import { diskFiles, diskModel } from './disk.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nibble-'))));
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

function write(path: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), path);
}

async function contents(files: FileSet) {
  return Promise.all(
    files.names.map(async (name) => {
      const source = await files.open(name);
      return [name, new TextDecoder().decode(await source.slice(0, source.byteLength))];
    }),
  );
}

it('a folder on disk and the same one chosen in the page are the same files', async () => {
  for (const path of [
    'config.json',
    'model.safetensors',
    'checkpoint-5/model.safetensors',
    'onnx/config.json',
  ])
    write(path);
  const all = await diskFiles(folder);
  const model_files = await Promise.all(
    all.names.map(async (path) => {
      const source = await all.open(path);
      return { path, file: new File([await source.slice(0, source.byteLength)], path) };
    }),
  );
  vi.stubGlobal('navigator', { userAgent: 'a browser' });
  const gpu = () => Promise.reject(new Error('no device is needed'));
  const host = browserHost('http://localhost/', { model_files }, { gpu }, memoryStore(), plainHub());
  const { files } = await host.openFiles(
    { source: 'local', name: 'x' },
    () => {},
    new AbortController().signal,
  );
  const own = ['config.json', 'model.safetensors'].map((name) => [name, name]);
  expect(await contents(await diskModel(folder))).toEqual(own);
  expect(await contents(files)).toEqual(own);
});

it('follows links to files, as a download’s snapshot has them, and none to folders', async () => {
  write('blobs/0a1b');
  write('snapshots/main/tokenizer.json');
  symlinkSync(join(folder, 'blobs/0a1b'), join(folder, 'snapshots/main/config.json'));
  symlinkSync(folder, join(folder, 'snapshots/main/again'));
  symlinkSync(join(folder, 'nothing'), join(folder, 'snapshots/main/model.safetensors'));
  expect(await contents(await diskModel(folder))).toEqual([
    ['config.json', 'blobs/0a1b'],
    ['tokenizer.json', 'snapshots/main/tokenizer.json'],
  ]);
});
