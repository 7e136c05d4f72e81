import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadDocs } from '../eval/tasks/load.ts';
import { fakeHub, sendFile } from '../../test/fixtures/fake_hub.ts';
import { memoryFiles } from '../../test/fixtures/memory_files.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import { openDatasets, type DataPlace } from './datasets.ts';
import { hashBytes } from '../study/digest.ts';
import { PATIENCE } from '../tensor/http.ts';
import { plainHub, type Hub } from './hub.ts';
import { memoryShelf } from './copy/memory_shelf.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const SHA256 = 'ab'.repeat(32);
const HUB_PATH = 'allenai/ai2_arc/ARC-Easy/test-00000-of-00001.parquet';

const fixture = (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(join(import.meta.dirname, '../../test/fixtures/eval', name)).then(
    (bytes) => new Uint8Array(bytes),
  );

const place = (source: DataPlace['source'], files: Parameters<typeof memoryFiles>[0]): DataPlace => ({
  ...memoryFiles(files),
  source,
});

interface Asked {
  url: string;
  range: string | undefined;
}

/** A Hub with ARC alone, whose file is named as given; says what it was asked. */
function serveHub(bytes: Uint8Array<ArrayBuffer>, file = 'ARC-Easy/test-00000-of-00001.parquet'): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', (input: string, options: RequestInit = {}) => {
    const { range } = Object.fromEntries(new Headers(options.headers));
    asked.push({ url: input, range });
    const { pathname } = new URL(input);
    if (/^\/api\/datasets\/allenai\/ai2_arc\/revision\/(main|0123456789abcdef.*)$/.test(pathname)) {
      const siblings = [{ rfilename: 'README.md' }, { rfilename: file, lfs: { sha256: SHA256 } }];
      return Promise.resolve(Response.json({ sha: COMMIT, siblings }));
    }
    if (pathname !== `/datasets/allenai/ai2_arc/resolve/${COMMIT}/${file}`) {
      return Promise.resolve(new Response('not found', { status: 404 }));
    }
    const [begin, last] = /bytes=(\d+)-(\d+)/
      .exec(range ?? '')!
      .slice(1)
      .map(Number) as [number, number];
    const part = bytes.slice(begin, last + 1);
    const headers = { 'Content-Range': `bytes ${begin}-${begin + part.length - 1}/${bytes.length}` };
    return Promise.resolve(new Response(part, { status: 206, headers }));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

describe('where task files come from', () => {
  it('is a folder before what the app carries, and their SHA-256 is written down', async () => {
    const line = (text: string) => new TextEncoder().encode(JSON.stringify({ text }));
    const datasets = openDatasets(
      [
        place('folder', { 'mini_text.jsonl': line('mine') }),
        place('bundled', { 'mini_text.jsonl': line('its') }),
      ],
      [],
    );
    expect(await loadDocs(TASKS.mini_text, datasets)).toMatchObject([{ text: 'mine' }]);
    expect(await datasets.originsOf(['mini_text.jsonl'])).toEqual([
      { file: 'mini_text.jsonl', source: 'folder', sha256: hashBytes(line('mine')) },
    ]);
  });

  it('does not ask the app for files it does not carry', async () => {
    const open = vi.fn(() => Promise.resolve(undefined));
    const datasets = openDatasets([{ source: 'bundled', where: 'the app', open }], []);
    expect(await datasets.open('ARC/ARC-Easy-test.jsonl')).toBeUndefined();
    expect(open).not.toHaveBeenCalled();
    await datasets.open('mini_arc.jsonl');
    expect(open).toHaveBeenCalledWith('mini_arc.jsonl');
  });

  it('is the Hub at a commit, read by Range and once', async () => {
    const bytes = await fixture('large.parquet');
    const asked = serveHub(bytes);
    const datasets = openDatasets([], []);
    const docs = await loadDocs(TASKS.arc_easy, datasets);
    expect(docs).toHaveLength(8);
    expect(await datasets.originsOf([HUB_PATH])).toEqual([
      {
        file: 'ARC-Easy/test-00000-of-00001.parquet',
        source: 'hub',
        repo: 'allenai/ai2_arc',
        revision: COMMIT,
        sha256: SHA256,
      },
    ]);
    const files = asked.filter(({ url }) => url.includes('/resolve/'));
    expect(files.every(({ range }) => range !== undefined)).toBe(true);
    const read = files.reduce((sum, { range }) => {
      const [begin, last] = range!.slice('bytes='.length).split('-').map(Number) as [number, number];
      return sum + last + 1 - begin;
    }, 0);
    expect(read).toBeLessThan(bytes.length - 100_000);
    const before = asked.length;
    await loadDocs(TASKS.arc_easy, datasets);
    expect(asked).toHaveLength(before);
  });

  it('is the same commit again for a run that goes on', async () => {
    const asked = serveHub(await fixture('arc.parquet'));
    const [origin] = [{ file: 'x', source: 'hub', repo: 'allenai/ai2_arc', revision: COMMIT } as const];
    await openDatasets([], [origin]).open(HUB_PATH);
    expect(asked[0]!.url).toContain(`/api/datasets/allenai/ai2_arc/revision/${COMMIT}`);
  });

  it("knows a file by its name without the content's hash", async () => {
    serveHub(await fixture('arc.parquet'), 'ARC-Easy/test-00000-of-00001-0123456789abcdef.parquet');
    expect(await loadDocs(TASKS.arc_easy, openDatasets([], []))).toHaveLength(8);
  });

  it('says where it looked when the Hub cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    const hub = { ...plainHub(), patience: { ...PATIENCE, first_wait_ms: 1 } };
    const datasets = openDatasets([place('folder', {})], [], undefined, hub);
    await expect(loadDocs(TASKS.arc_easy, datasets)).rejects.toMatchObject({
      code: 'network',
      message: `${HUB_PATH} is not in the test. The Hub's description of allenai/ai2_arc: the connection failed (offline) (5 tries)`,
    });
  });

  it('never asks the Hub for a repository no task names', async () => {
    const asked = serveHub(new Uint8Array(1));
    const datasets = openDatasets([], []);
    expect(await datasets.open('somebody/else/data.parquet')).toBeUndefined();
    expect(await datasets.open('ARC/ARC-Easy-test.jsonl')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('keeps what it read of the Hub for the next run, where the browser keeps such', async () => {
    const kept = new Map<string, Response>();
    const cache = {
      match: (key: string) => Promise.resolve(kept.get(key)?.clone()),
      put: (key: string, response: Response) => Promise.resolve(void kept.set(key, response)),
    };
    vi.stubGlobal('caches', { open: () => Promise.resolve(cache) });
    const asked = serveHub(await fixture('large.parquet'));
    const first = await loadDocs(TASKS.arc_easy, openDatasets([], []));
    const parts = () => asked.filter(({ range }) => range !== undefined && range !== 'bytes=0-0').length;
    const before = parts();
    expect(before).toBeGreaterThan(0);
    expect(await loadDocs(TASKS.arc_easy, openDatasets([], []))).toEqual(first);
    expect(parts()).toBe(before);
    expect([...kept.keys()].every((key) => key.includes(COMMIT))).toBe(true);
  });

  it('does without a cache that is shut', async () => {
    vi.stubGlobal('caches', { open: () => Promise.reject(new Error('SecurityError')) });
    serveHub(await fixture('arc.parquet'));
    expect(await loadDocs(TASKS.arc_easy, openDatasets([], []))).toHaveLength(8);
  });

  it('is a copy of the whole file where its size is known, checked before it is read', async () => {
    const bytes = await fixture('arc.parquet');
    const files = { 'ARC-Easy/test-00000-of-00001.parquet': bytes };
    const server = await fakeHub({ 'allenai/ai2_arc': { branches: { main: COMMIT }, files } });
    server.small_bytes = 0;
    try {
      const hub: Hub = { endpoint: server.endpoint, shelf: memoryShelf() };
      const datasets = openDatasets([], [], undefined, hub);
      expect(await loadDocs(TASKS.arc_easy, datasets)).toHaveLength(8);
      expect(await datasets.originsOf([HUB_PATH])).toMatchObject([
        { source: 'hub', revision: COMMIT, sha256: hashBytes(bytes) },
      ]);
      server.fault = (asked, response) => {
        if (asked.what === 'api') return false;
        sendFile(server, asked, response, bytes.with(9, bytes[9]! ^ 1));
        return true;
      };
      const again = openDatasets([], [], undefined, { ...hub, shelf: memoryShelf() });
      await expect(loadDocs(TASKS.arc_easy, again)).rejects.toMatchObject({ code: 'wrong-bytes' });
    } finally {
      await server.close();
    }
  });
});
