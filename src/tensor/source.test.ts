import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toFailure } from '../errors.ts';
import { blobSource, memoryFiles, memorySource, urlBytes, urlSource, type ByteSource } from './source.ts';

const FILE = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const ADDRESS = 'https://host/repo/model.safetensors?download=true';

/** The request as the fake server sees it; `range` is undefined or [begin, end). */
interface Asked {
  range: [number, number] | undefined;
  n: number;
  signal: AbortSignal;
}

/** A server as one function; every answer counts from n = 0. */
function server(answer: (asked: Asked) => Response | Promise<Response>) {
  const log: (string | null)[] = [];
  const fetch = vi.fn((_url: unknown, init?: RequestInit) => {
    const header = new Headers(init?.headers).get('Range');
    const match = /^bytes=(\d+)-(\d+)$/.exec(header ?? '');
    log.push(header);
    return Promise.resolve().then(() =>
      answer({
        range: match ? [Number(match[1]), Number(match[2]) + 1] : undefined,
        n: log.length - 1,
        signal: init!.signal!,
      }),
    );
  });
  return { fetch: fetch as unknown as typeof globalThis.fetch, log };
}

const part = ([begin, end]: [number, number], headers: Record<string, string> = {}): Response =>
  new Response(FILE.slice(begin, end), {
    status: 206,
    headers: { 'Content-Range': `bytes ${begin}-${end - 1}/${FILE.length}`, ...headers },
  });
const wholeFile = (): Response => new Response(FILE, { headers: { 'Content-Length': `${FILE.length}` } });

/** A body that breaks off after some bytes: with an error, or silently, or by never ending. */
function broken(bytes: Uint8Array, how: 'error' | 'end' | 'stall'): ReadableStream {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes);
      } else if (how === 'error') controller.error(new TypeError('terminated'));
      else if (how === 'end') controller.close();
      else return new Promise(() => undefined);
    },
  });
}

/** Runs the clock until the promise is settled. */
async function settle<T>(promise: Promise<T>): Promise<T | { code: string; message: string }> {
  const settled = promise.catch((error: unknown) => {
    const { code, message } = toFailure(error);
    return { code, message };
  });
  await vi.runAllTimersAsync();
  return settled;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('memory, blob and URL give the same fresh bytes', async () => {
  const { fetch } = server(({ range }) => part(range!));
  const sources: ByteSource[] = [
    memorySource('model.safetensors', FILE),
    blobSource(new Blob([FILE]), 'model.safetensors'),
    await urlSource(ADDRESS, { fetch }),
  ];
  for (const source of sources) {
    expect(source.name).toBe('model.safetensors');
    expect(source.byteLength).toBe(1000);
    for (const [begin, end] of [[0, 1000], [3, 8], [1000, 1000], [0, 0]] as const) {
      expect(await source.slice(begin, end)).toEqual(FILE.slice(begin, end));
    } // prettier-ignore
    (await source.slice(0, 4)).fill(255);
    expect(await source.slice(0, 4)).toEqual(FILE.slice(0, 4));
    for (const [begin, end] of [[-1, 3], [5, 4], [0, 1001], [0.5, 2], [NaN, 3]] as const) {
      await expect(source.slice(begin, end)).rejects.toThrow(
        `bytes ${begin} to ${end} of model.safetensors were asked for; it has 1000`,
      );
    } // prettier-ignore
  }
});

test('a file that changed on disk is an unreadable file', async () => {
  const blob = new Blob([FILE]);
  vi.spyOn(blob, 'slice').mockReturnValue({
    arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')),
  } as Blob);
  expect(await settle(blobSource(blob, 'a.bin').slice(0, 1))).toMatchObject({ code: 'unreadable-file' });
});

test('a name that is not among the files is missing', async () => {
  const files = memoryFiles({ 'a.bin': FILE });
  expect((await files.open('a.bin')).byteLength).toBe(1000);
  for (const name of ['b.bin', '__proto__', 'constructor']) {
    expect(await settle(files.open(name))).toMatchObject({ code: 'missing-file' });
  }
});

test('probes with a GET of one byte, then asks for exactly the slices', async () => {
  const { fetch, log } = server(({ range }) => part(range!));
  const seen: number[] = [];
  const source = await urlSource(ADDRESS, { fetch, onBytes: (n) => seen.push(n) });
  await source.slice(10, 20);
  await source.slice(20, 20);
  expect(log).toEqual(['bytes=0-0', 'bytes=10-19']);
  expect(seen).toEqual([10]);
});

test('a server without ranges sends the file once, however many slices are read', async () => {
  const { fetch, log } = server(wholeFile);
  let seen = 0;
  const source = await urlSource(ADDRESS, { fetch, onBytes: (n) => (seen += n) });
  expect(source.byteLength).toBe(1000);
  expect(await Promise.all([source.slice(1, 3), source.slice(500, 700)])).toEqual([
    FILE.slice(1, 3),
    FILE.slice(500, 700),
  ]);
  expect(log).toHaveLength(1);
  expect(seen).toBe(1000);
});

test('a server that stops doing ranges after the probe sends the file once, too', async () => {
  const { fetch } = server(({ n, range }) => (n === 0 ? part(range!) : wholeFile()));
  let seen = 0;
  const source = await urlSource(ADDRESS, { fetch, onBytes: (n) => (seen += n) });
  const slices = [source.slice(1, 3), source.slice(500, 700), source.slice(0, 9)];
  expect(await Promise.all(slices)).toEqual([FILE.slice(1, 3), FILE.slice(500, 700), FILE.slice(0, 9)]);
  expect(await source.slice(4, 5)).toEqual(FILE.slice(4, 5));
  expect(seen).toBe(1000);
});

test('where Content-Range is hidden from pages the whole file is fetched', async () => {
  const { fetch, log } = server(({ range }) =>
    range ? new Response(FILE.slice(...range), { status: 206 }) : wholeFile(),
  );
  expect((await urlSource(ADDRESS, { fetch })).byteLength).toBe(1000);
  expect(log).toEqual(['bytes=0-0', null]);
});

test('an empty file has no byte 0', async () => {
  const { fetch } = server(
    () => new Response(null, { status: 416, headers: { 'Content-Range': 'bytes */0' } }),
  );
  const source = await urlSource(ADDRESS, { fetch });
  expect(source.byteLength).toBe(0);
  expect(await source.slice(0, 0)).toHaveLength(0);
});

for (const [what, fail] of [
  ['408', () => new Response(null, { status: 408 })],
  ['429', () => new Response(null, { status: 429 })],
  ['500', () => new Response(null, { status: 500 })],
  ['503', () => new Response('busy', { status: 503 })],
  ['a lost connection', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['a connection that never answers', () => new Promise<Response>(() => undefined)],
] as const) {
  test(`${what} passes at the probe and at a slice`, async () => {
    const { fetch } = server(({ n, range }) => (n % 2 === 0 ? fail() : part(range!)));
    const source = (await settle(urlSource(ADDRESS, { fetch }))) as ByteSource;
    expect(await settle(source.slice(10, 20))).toEqual(FILE.slice(10, 20));
  });

  test(`${what} that does not pass is a network error after five tries`, async () => {
    const { fetch, log } = server(() => fail());
    const failed = await settle(urlSource(ADDRESS, { fetch }));
    expect(failed).toMatchObject({ code: 'network' });
    expect(failed).toHaveProperty('message', expect.stringMatching(/^model\.safetensors: .*\(5 tries\)$/));
    expect(log).toHaveLength(5);
  });
}

for (const how of ['error', 'end', 'stall'] as const) {
  test(`a body that breaks off (${how}) is continued where it stopped`, async () => {
    const { fetch, log } = server(({ n, range }) => {
      const whole = part(range!);
      return n === 1
        ? new Response(broken(FILE.slice(100, 130), how), { status: 206, headers: whole.headers })
        : whole;
    });
    let seen = 0;
    const source = await urlSource(ADDRESS, { fetch, onBytes: (n) => (seen += n) });
    expect(await settle(source.slice(100, 200))).toEqual(FILE.slice(100, 200));
    expect(log).toEqual(['bytes=0-0', 'bytes=100-199', 'bytes=130-199']);
    expect(seen).toBe(100);
  });

  test(`a whole file that breaks off (${how}) is sent again`, async () => {
    const { fetch } = server(({ n }) =>
      n === 0
        ? new Response(broken(FILE.slice(0, 30), how), { headers: { 'Content-Length': '1000' } })
        : wholeFile(),
    );
    const source = (await settle(urlSource(ADDRESS, { fetch }))) as ByteSource;
    expect(await source.slice(0, 1000)).toEqual(FILE);
  });
}

test('a shorter part than asked for is taken and the rest asked for', async () => {
  const { fetch, log } = server(({ range: [begin, end] = [0, 0] }) =>
    part([begin, Math.min(end, begin + 40)]),
  );
  const source = await urlSource(ADDRESS, { fetch });
  expect(await source.slice(0, 100)).toEqual(FILE.slice(0, 100));
  expect(log).toEqual(['bytes=0-0', 'bytes=0-99', 'bytes=40-99', 'bytes=80-99']);
});

test('a part that was not asked for is refused, not used', async () => {
  const wrong: Record<string, () => Response> = {
    'bytes 0 to 10; asked for: bytes 10 to 20': () => part([0, 10]),
    'bytes 10 to 30; asked for: bytes 10 to 20': () => part([10, 30]),
    'no Content-Range (HTTP 206)': () => new Response(FILE.slice(10, 20), { status: 206 }),
    'sent more than the bytes 10 to 20': () =>
      new Response(FILE, { status: 206, headers: part([10, 20]).headers }),
    'was changed on the server': () => part([10, 20], { 'Content-Range': 'bytes 10-19/2000' }),
    'changed on the server while': () => part([10, 20], { ETag: '"b"' }),
    'model.safetensors was changed': () => new Response(FILE.slice(1)),
  };
  for (const [message, answer] of Object.entries(wrong)) {
    const { fetch, log } = server(({ n }) => (n === 0 ? part([0, 1], { ETag: '"a"' }) : answer()));
    const source = await urlSource(ADDRESS, { fetch });
    const failed = await settle(source.slice(10, 20));
    expect(failed).toMatchObject({ code: 'network' });
    expect(failed).toHaveProperty('message', expect.stringContaining(message));
    expect(log).toHaveLength(2);
  }
});

test('a missing or forbidden file is said at once', async () => {
  for (const [status, code, message] of [
    [404, 'missing-file', 'model.safetensors is not on the server (HTTP 404'],
    [410, 'missing-file', 'HTTP 410'],
    [401, 'needs-login', 'private, gated'],
    [403, 'needs-login', 'private, gated'],
    [400, 'network', 'HTTP 400'],
  ] as const) {
    const { fetch, log } = server(() => new Response('no', { status }));
    const failed = await settle(urlSource(ADDRESS, { fetch }));
    expect(failed).toMatchObject({ code });
    expect(failed).toHaveProperty('message', expect.stringContaining(message));
    expect(log).toHaveLength(1);
  }
});

test('Retry-After is heeded as seconds and as a date, up to a minute', async () => {
  vi.setSystemTime('2026-11-20T12:00:00Z');
  for (const after of ['7', 'Fri, 20 Nov 2026 12:00:07 GMT']) {
    vi.setSystemTime('2026-11-20T12:00:00Z');
    const { fetch, log } = server(({ n, range }) =>
      n === 0 ? new Response(null, { status: 429, headers: { 'Retry-After': after } }) : part(range!),
    );
    const source = urlSource(ADDRESS, { fetch });
    await vi.advanceTimersByTimeAsync(6_900);
    expect(log).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toHaveLength(2);
    await source;
  }
  const { fetch, log } = server(() => new Response(null, { status: 429, headers: { 'Retry-After': '300' } }));
  expect(await settle(urlSource(ADDRESS, { fetch }))).toHaveProperty(
    'message',
    expect.stringContaining('the server asks to wait 300 s'),
  );
  expect(log).toHaveLength(1);
});

test('an aborted signal cancels a request, a body and a wait', async () => {
  for (const answer of [
    () => new Promise<Response>(() => undefined),
    ({ range }: Asked) =>
      new Response(broken(FILE.slice(0, 1), 'stall'), { status: 206, headers: part(range!).headers }),
    () => new Response(null, { status: 503 }),
  ]) {
    const { fetch } = server((asked) => (asked.n === 0 ? part(asked.range!) : answer(asked)));
    const controller = new AbortController();
    const source = await urlSource(ADDRESS, { fetch, signal: controller.signal });
    const reading = source.slice(0, 100);
    reading.catch(() => undefined);
    // Long enough to be in the middle of it, too short for a retry.
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    expect(await settle(reading)).toMatchObject({ code: 'cancelled' });
    expect(vi.getTimerCount()).toBe(0);
  }
});

test('a fault of ours is not taken for a network error', async () => {
  const { fetch } = server(({ range }) => part(range!));
  const source = await urlSource(ADDRESS, {
    fetch,
    onBytes: () => {
      throw new RangeError('ours');
    },
  });
  await expect(source.slice(0, 5)).rejects.toThrow(RangeError);
});

test('a whole file of more than 2 GiB is refused before it is read', async () => {
  const { fetch } = server(() => new Response(null, { headers: { 'Content-Length': '3000000000' } }));
  expect(await settle(urlSource(ADDRESS, { fetch }))).toMatchObject({ code: 'network' });
});

const IMPATIENT = { tries: 3, first_wait_ms: 10, longest_wait_ms: 1000, stall_ms: 1000, least_bytes: 100 };

test('tries that bring something are not counted: a network that cuts each connection still ends', async () => {
  const cut = (bytes: number) =>
    server(({ n, range }) => {
      const [begin, end] = range!;
      const headers = part(range!).headers;
      const some = FILE.slice(begin, Math.min(end, begin + bytes));
      return n === 0 ? part(range!) : new Response(broken(some, 'error'), { status: 206, headers });
    });
  const enough = await urlSource(ADDRESS, { fetch: cut(100).fetch, patience: IMPATIENT });
  expect(await settle(enough.slice(0, 1000))).toEqual(FILE);
  const { fetch, log } = cut(1);
  const drops = await urlSource(ADDRESS, { fetch, patience: IMPATIENT });
  expect(await settle(drops.slice(0, 1000))).toMatchObject({ code: 'network' });
  expect(log).toEqual(['bytes=0-0', 'bytes=0-999', 'bytes=1-999', 'bytes=2-999']);
});

test('a drip ends, and a slow connection does not', async () => {
  const drip = (bytes: number) => {
    const { fetch } = server(({ n, range }) => {
      if (n === 0) return part(range!);
      let at = range![0];
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 500));
          controller.enqueue(FILE.slice(at, at + bytes));
          if ((at += bytes) >= 1000) controller.close();
        },
      });
      return new Response(body, { status: 206, headers: part(range!).headers });
    });
    return urlSource(ADDRESS, { fetch, patience: IMPATIENT });
  };
  expect(await settle((await drip(1)).slice(0, 1000))).toMatchObject({
    code: 'network',
    message: 'model.safetensors: only 1 bytes arrived in 1 s (3 tries)',
  });
  expect(await settle((await drip(200)).slice(0, 1000))).toEqual(FILE);
});

test('what is no file is not taken for one', async () => {
  const answers: Record<string, () => Response> = {
    'host sent a web page in place of the file': () =>
      new Response('<html>Please log in', { headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
    'host sent HTTP 511 in place of the file': () => new Response('log in', { status: 511 }),
    'HTTP 416 for https://host/': () => new Response('no such range', { status: 416 }),
    'HTTP 416, though byte 0 lies within its 9 bytes': () =>
      new Response('', { status: 416, headers: { 'Content-Range': 'bytes */9' } }),
    'HTTP 204 for https://host/': () => new Response(null, { status: 204 }),
    'HTTP 300 for https://host/': () => new Response('which?', { status: 300 }),
  };
  for (const [message, answer] of Object.entries(answers)) {
    const { fetch } = server(answer);
    for (const asking of [urlSource, urlBytes]) {
      const failed = await settle<unknown>(asking(ADDRESS, { fetch }));
      expect(failed).toMatchObject({ code: 'network' });
      if (!message.includes('byte 0'))
        expect(failed).toHaveProperty('message', expect.stringContaining(message));
    }
  }
});

test('over real sockets: a connection reset in the middle of a part, and a compressed whole file', async () => {
  vi.useRealTimers();
  let requests = 0;
  const http = createServer((request, response) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (request.url === '/whole.bin') {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(FILE));
      return;
    }
    const [begin, end] = [Number(match![1]), Number(match![2]) + 1];
    response.writeHead(206, Object.fromEntries(part([begin, end]).headers));
    if (++requests === 2)
      response.write(FILE.slice(begin, begin + 50), () => setTimeout(() => response.destroy(), 50));
    else response.end(FILE.slice(begin, end));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    const host = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const ranged = await urlSource(`${host}/ranged.bin`);
    expect(await ranged.slice(100, 300)).toEqual(FILE.slice(100, 300));
    expect(requests).toBe(3);
    const whole = await urlSource(`${host}/whole.bin`);
    expect(await whole.slice(0, whole.byteLength)).toEqual(FILE);
  } finally {
    http.closeAllConnections();
    http.close();
  }
});
