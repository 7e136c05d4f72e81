import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHub, type FakeHub } from '../../test/fixtures/fake_hub.ts';
import { openHub, type Hub } from '../lab/hub.ts';
import { hashBytes } from '../study/digest.ts';
import { cacheFolder, savedToken } from './node_hub.ts';
import { cacheShelf } from './hub_cache.ts';
import { lockedFile } from './lock_file.ts';

const COMMIT = 'ab'.repeat(20);
const CONFIG = new TextEncoder().encode('{"model_type": "llama"}\n');
const WEIGHTS = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) % 251);
const REF = { kind: 'models', repo: 'somebody/tiny', revision: 'main' } as const;

let root: string;
let server: FakeHub;
let hub: Hub;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'nibble-cache-'));
  server = await fakeHub({
    [REF.repo]: {
      branches: { main: COMMIT },
      files: { 'config.json': CONFIG, 'model.safetensors': WEIGHTS },
    },
  });
  hub = {
    endpoint: server.endpoint,
    shelf: cacheShelf(root),
    patience: { tries: 2, first_wait_ms: 1, longest_wait_ms: 10, stall_ms: 5000, least_bytes: 100 },
  };
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

const inRepo = (...path: string[]) => join(root, 'models--somebody--tiny', ...path);

async function read(
  name: string,
  at: Hub = hub,
  revision: string = REF.revision,
): Promise<Uint8Array<ArrayBuffer>> {
  const { files } = await openHub(at, { ...REF, revision });
  const source = await files.open(name);
  return source.slice(0, source.byteLength);
}

/** A process that begins anew. */
const again = (): Hub => ({ ...hub, shelf: cacheShelf(root) });

describe("the cache of the Hub's own tools", () => {
  it('gets what is downloaded as they lay it out: blobs by hash, relative links, the branch', async () => {
    expect(hashBytes(await read('model.safetensors'))).toBe(hashBytes(WEIGHTS));
    expect(hashBytes(await read('config.json'))).toBe(hashBytes(CONFIG));
    const sha256 = hashBytes(WEIGHTS);
    const link = inRepo('snapshots', COMMIT, 'model.safetensors');
    expect(readlinkSync(link)).toBe(join('..', '..', 'blobs', sha256));
    expect(readFileSync(inRepo('blobs', sha256))).toEqual(Buffer.from(WEIGHTS));
    // The id that `printf '{"model_type": "llama"}\\n' | git hash-object --stdin` gives.
    const small = readlinkSync(inRepo('snapshots', COMMIT, 'config.json'));
    expect(small).toBe(join('..', '..', 'blobs', '9eddb62b076f586b2186445e7872e5a05f0dfe06'));
    expect(readFileSync(inRepo('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(inRepo('blobs'))).toHaveLength(2);
  });

  it('is read without a byte fetched, by a later process and at the commit without a request', async () => {
    await read('model.safetensors');
    const { sent } = server;
    expect(hashBytes(await read('model.safetensors', again()))).toBe(hashBytes(WEIGHTS));
    expect(server.sent).toBe(sent);
    const asked = server.asked.length;
    expect(hashBytes(await read('model.safetensors', again(), COMMIT))).toBe(hashBytes(WEIGHTS));
    expect(server.asked).toHaveLength(asked);
  });

  it('of another tool is read, offline too, by the commit its branch had', async () => {
    const sha256 = hashBytes(WEIGHTS);
    mkdirSync(inRepo('blobs'), { recursive: true });
    mkdirSync(inRepo('snapshots', COMMIT), { recursive: true });
    mkdirSync(inRepo('refs'));
    writeFileSync(inRepo('blobs', sha256), WEIGHTS);
    writeFileSync(inRepo('refs', 'main'), COMMIT);
    symlinkSync(join('..', '..', 'blobs', sha256), inRepo('snapshots', COMMIT, 'model.safetensors'));
    const said: string[] = [];
    const offline = { ...again(), offline: true, say: (note: string) => said.push(note) };
    expect(hashBytes(await read('model.safetensors', offline))).toBe(hashBytes(WEIGHTS));
    expect(server.asked).toEqual([]);
    expect(said).toEqual([
      'The Hub could not be asked for somebody/tiny; its main is taken as it was last seen here, at abababa.',
    ]);
    await expect(read('config.json', offline)).rejects.toMatchObject({ code: 'missing-file' });
    await expect(openHub(offline, { ...REF, repo: 'somebody/else' })).rejects.toThrow(
      'HF_HUB_OFFLINE is set, and somebody/else is not in the cache.',
    );
  });

  it('that was damaged is refused with the path, and left to its owner', async () => {
    await read('model.safetensors');
    const blob = inRepo('blobs', hashBytes(WEIGHTS));
    writeFileSync(blob, WEIGHTS.with(7, WEIGHTS[7]! ^ 1));
    await expect(read('model.safetensors', again())).rejects.toMatchObject({
      code: 'wrong-bytes',
      message: expect.stringContaining('Delete it and it is downloaded again.') as string,
    });
    rmSync(blob);
    expect(hashBytes(await read('model.safetensors', again()))).toBe(hashBytes(WEIGHTS));
  });

  it('keeps an interrupted download, and goes on where it ended', async () => {
    server.fault = ({ range, n }, response) => {
      if (!range || range[1] < 2 || n > 40) return false;
      response.writeHead(206, { 'Content-Range': `bytes ${range[0]}-${range[1] - 1}/${WEIGHTS.length}` });
      response.write(WEIGHTS.slice(range[0], 120_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    const stop = new AbortController();
    const opened = await openHub(hub, REF, (done) => done >= 120_000 && stop.abort(), stop.signal);
    await expect(opened.files.open('model.safetensors')).rejects.toMatchObject({ code: 'cancelled' });
    expect(lstatSync(inRepo('blobs', `${hashBytes(WEIGHTS)}.nibble.incomplete`)).size).toBe(120_000);
    server.fault = undefined;
    const { sent } = server;
    expect(hashBytes(await read('model.safetensors', again()))).toBe(hashBytes(WEIGHTS));
    // One byte of the question how large it is.
    expect(server.sent - sent).toBe(80_000 + 1);
  });

  it('begins anew where what was there is not of this file', async () => {
    mkdirSync(inRepo('blobs'), { recursive: true });
    for (const there of [new Uint8Array(50_000), new Uint8Array(300_000)]) {
      const path = inRepo('blobs', `${hashBytes(WEIGHTS)}.nibble.incomplete`);
      writeFileSync(path, there);
      expect(hashBytes(await read('model.safetensors', again()))).toBe(hashBytes(WEIGHTS));
      rmSync(inRepo('blobs', hashBytes(WEIGHTS)));
      rmSync(inRepo('snapshots'), { recursive: true });
    }
    truncateSync(inRepo('refs', 'main'), 0);
    expect(hashBytes(await read('model.safetensors', again()))).toBe(hashBytes(WEIGHTS));
  });

  it('is written once by two processes at a time', async () => {
    const [a, b] = await Promise.all([read('model.safetensors'), read('model.safetensors', again())]);
    expect([a, b].map(hashBytes)).toEqual([WEIGHTS, WEIGHTS].map(hashBytes));
    expect(server.sent).toBeLessThan(WEIGHTS.length + 10);
  });

  it('that cannot be written says so', async () => {
    writeFileSync(join(root, 'file'), '');
    const at = { ...hub, shelf: cacheShelf(join(root, 'file')) };
    await expect(read('config.json', at)).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/cannot be written .* HF_HOME names another folder\.$/) as string,
    });
  });
});

describe('a gated repository', () => {
  it('opens with the token, which goes to no other host, and says what is missing without it', async () => {
    server.token = 'hf_right';
    server.redirects = true;
    await expect(read('config.json')).rejects.toThrow(
      'The Hub asks for a login for somebody/tiny (HTTP 401): it is gated or private, or its name is misspelt.',
    );
    await expect(read('config.json', { ...hub, token: 'hf_wrong' })).rejects.toThrow(
      'The Hub asks for a login for somebody/tiny (HTTP 403): the token given does not open it.',
    );
    const wrong = await read('config.json', { ...hub, token: 'hf_ü\n' }).catch(
      (error: Error) => error.message,
    );
    expect(wrong).toBe('The token for the Hub has blanks or letters that no token has.');
    expect(hashBytes(await read('config.json', { ...hub, token: 'hf_right' }))).toBe(hashBytes(CONFIG));
    const cdn = server.asked.filter(({ what }) => what === 'cdn');
    expect(cdn.length).toBeGreaterThan(0);
    expect(cdn.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});

it('asks for no name that leads elsewhere', async () => {
  for (const repo of ['./api', 'a/..', '../a', 'a', 'a/b/c', 'a/b?x', 'a/.b', 'a/b..c']) {
    await expect(openHub(hub, { ...REF, repo })).rejects.toMatchObject({ code: 'bad-spec' });
  }
  for (const revision of ['..', '.', 'a/../b', 'x..y', '', '.hidden', 'a b']) {
    await expect(openHub(hub, { ...REF, revision })).rejects.toMatchObject({ code: 'bad-spec' });
  }
  expect(server.asked).toEqual([]);
});

it("reads the variables of the Hub's own tools", () => {
  expect(cacheFolder({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
  expect(cacheFolder({ HF_HOME: '/h' })).toBe(join('/h', 'hub'));
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'huggingface', 'hub'));
  expect(savedToken({ HF_TOKEN: ' hf_a\n', HF_HOME: root })).toBe('hf_a');
  expect(savedToken({ HF_HOME: root })).toBeUndefined();
  writeFileSync(join(root, 'token'), 'hf_b\n');
  expect(savedToken({ HF_HOME: root })).toBe('hf_b');
});

it('a lock of a process that died does not hold, one of a process that lives does', async () => {
  const path = join(root, 'x.lock');
  // No process has the largest id.
  writeFileSync(path, '4194304');
  expect(await lockedFile(path, undefined, () => Promise.resolve(1))).toBe(1);
  // An earlier process in a container may have had this one's id.
  writeFileSync(path, String(process.pid));
  expect(await lockedFile(path, undefined, () => Promise.resolve(2))).toBe(2);
  writeFileSync(path, String(process.ppid));
  const stop = new AbortController();
  const waiting = lockedFile(path, stop.signal, () => Promise.resolve(3));
  setTimeout(() => stop.abort(), 700);
  await expect(waiting).rejects.toThrow();
});
