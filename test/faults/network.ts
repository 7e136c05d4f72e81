import type { ServerResponse } from 'node:http';
import { toFailure } from '../../src/errors.ts';
import { openHub, type Hub } from '../../src/lab/hub.ts';
import type { Shelf } from '../../src/lab/copy/shelf.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import {
  descriptionOf,
  fakeHub,
  fileOf,
  sendFile,
  type Asked,
  type FakeHub,
  type Fault,
} from '../fixtures/fake_hub.ts';
import type { FaultSuite, Outcome } from './suite.ts';

/** A way in which a network lies, and what has to come of it. */
interface NetworkFault {
  name: string;
  /** 'passes': the files come all the same. Otherwise what the one sentence says, and the files come once it is over. */
  ends: 'passes' | RegExp;
  make(random: Random): Fault;
}

const isFile: (asked: Asked) => boolean = ({ what }) => what !== 'api';
const isApi: (asked: Asked) => boolean = ({ what }) => what === 'api';
const any = (): boolean => true;
/** Of weights, not the question how large they are. */
const isPart = (asked: Asked): boolean => isFile(asked) && (asked.range?.[1] ?? 0) > 1;

/** A fault of some requests among those that fit: the first `times` of them, after `from` were answered. */
function some(
  fits: (asked: Asked) => boolean,
  times: number,
  spoil: (asked: Asked, response: ServerResponse, hub: FakeHub) => void,
  from = 0,
): Fault {
  let seen = 0;
  return (asked, response, hub) => {
    if (!fits(asked)) return false;
    const n = seen++ - from;
    if (n < 0 || n >= times) return false;
    spoil(asked, response, hub);
    return true;
  };
}

const status =
  (code: number, headers: Record<string, string> = {}, body = 'no') =>
  (_: Asked, response: ServerResponse) =>
    response.writeHead(code, headers).end(body);

/** The body of a file cut after some bytes, though the head promises all. */
function cut(
  asked: Asked,
  response: ServerResponse,
  hub: FakeHub,
  keep: number,
  how: 'reset' | 'stall',
): void {
  const body = fileOf(hub, asked)!;
  const [begin, end] = asked.range ?? [0, body.length];
  const part = body.subarray(begin, Math.min(end, body.length));
  response.writeHead(206, {
    'Content-Length': part.length,
    'Content-Range': `bytes ${begin}-${begin + part.length - 1}/${body.length}`,
  });
  // A reset right behind a write would take what was written with it.
  response.write(part.subarray(0, Math.min(keep, part.length)), () => {
    if (how === 'reset') setTimeout(() => response.destroy(), 20);
  });
}

/** The file's true bytes, changed. */
function changed(asked: Asked, hub: FakeHub, change: (bytes: Uint8Array<ArrayBuffer>) => void) {
  const bytes = fileOf(hub, asked)!.slice();
  change(bytes);
  return bytes;
}

/** Retries that are within what a request is given. */
const FEW = 3;

const NETWORK_FAULTS: readonly NetworkFault[] = [
  {
    name: 'no answer for a while',
    ends: 'passes',
    make: (random) => some(any, 1, () => undefined, random.integer(4)),
  },
  { name: 'no answer at all', ends: /nothing arrived in/, make: () => some(any, Infinity, () => undefined) },
  {
    name: 'a body that stands still',
    ends: 'passes',
    make(random) {
      const keep = random.integer(9000);
      return some(isPart, 2, (asked, response, hub) => cut(asked, response, hub, keep, 'stall'));
    },
  },
  {
    name: 'a reset after every so many bytes',
    ends: 'passes',
    make(random) {
      const keep = 12_000 + random.integer(20_000);
      return some(isPart, Infinity, (asked, response, hub) => cut(asked, response, hub, keep, 'reset'));
    },
  },
  {
    name: 'a reset before the answer',
    ends: 'passes',
    make: (random) =>
      some(any, 1 + random.integer(2), (_, response) => response.destroy(), random.integer(4)),
  },
  {
    name: 'a reset before every answer',
    ends: /the connection failed/,
    make: () => some(any, Infinity, (_, response) => response.destroy()),
  },
  {
    name: 'a part from elsewhere',
    ends: /the server sent bytes \d+ to \d+; asked for/,
    make(random) {
      const off = 1 + random.integer(500);
      return some(isPart, Infinity, (asked, response, hub) => {
        const [begin, end] = asked.range!;
        sendFile(hub, { ...asked, range: [begin + off, Math.max(end, begin + off + 1)] }, response);
      });
    },
  },
  {
    name: 'more bytes than asked for',
    ends: 'passes',
    make(random) {
      const more = 1 + random.integer(500);
      // HTTP ends the body where Content-Length says.
      return some(isPart, Infinity, (asked, response, hub) => {
        const body = fileOf(hub, asked)!;
        const [begin, end] = asked.range!;
        response.writeHead(206, {
          'Content-Length': end - begin,
          'Content-Range': `bytes ${begin}-${end - 1}/${body.length}`,
        });
        response.end(Buffer.concat([body.subarray(begin, end), Buffer.alloc(more)]).subarray(0, end - begin));
      });
    },
  },
  {
    name: 'a longer body than the range',
    ends: /sent more than the bytes/,
    make(random) {
      const more = 1 + random.integer(500);
      return some(isPart, Infinity, (asked, response, hub) => {
        const body = fileOf(hub, asked)!;
        const [begin, end] = asked.range!;
        response.writeHead(206, { 'Content-Range': `bytes ${begin}-${end - 1}/${body.length}` });
        response.end(Buffer.concat([body.subarray(begin, end), Buffer.alloc(more)]));
      });
    },
  },
  {
    name: 'shorter parts than asked for',
    ends: 'passes',
    make(random) {
      const most = 5000 + random.integer(20_000);
      return some(isPart, Infinity, (asked, response, hub) => {
        const [begin, end] = asked.range!;
        sendFile(hub, { ...asked, range: [begin, Math.min(end, begin + most)] }, response);
      });
    },
  },
  {
    name: 'another size',
    ends: /bytes where it is read; the Hub says/,
    make(random) {
      const less = 1 + random.integer(1000);
      return some(isFile, Infinity, (asked, response, hub) =>
        sendFile(hub, asked, response, fileOf(hub, asked)!.slice(less)),
      );
    },
  },
  {
    name: 'a flipped bit',
    ends: /did not arrive as the Hub has it/,
    make(random) {
      const [at, bit] = [random.uniform(), random.integer(8)];
      return some(isFile, Infinity, (asked, response, hub) =>
        sendFile(
          hub,
          asked,
          response,
          changed(asked, hub, (bytes) => (bytes[Math.floor(at * bytes.length)]! ^= 1 << bit)),
        ),
      );
    },
  },
  {
    name: 'another file of the same size',
    ends: /did not arrive as the Hub has it/,
    make: (random) => {
      const salt = 1 + random.integer(254);
      return some(isFile, Infinity, (asked, response, hub) =>
        sendFile(
          hub,
          asked,
          response,
          changed(asked, hub, (bytes) => bytes.forEach((b, i) => (bytes[i] = b ^ salt))),
        ),
      );
    },
  },
  {
    name: '429 with a short Retry-After',
    ends: 'passes',
    make: (random) =>
      some(any, 1 + random.integer(FEW), status(429, { 'Retry-After': '0' }), random.integer(3)),
  },
  {
    name: '429 with a long Retry-After',
    ends: /the server asks to wait 9\d\d s/,
    make: (random) => some(any, Infinity, status(429, { 'Retry-After': String(900 + random.integer(99)) })),
  },
  ...[500, 502, 503, 504, 408].map((code): NetworkFault => ({
    name: `${code} for a while`,
    ends: 'passes',
    make: (random) => some(any, 1 + random.integer(FEW), status(code), random.integer(4)),
  })),
  { name: '503 for ever', ends: /HTTP 503 .*tries/, make: () => some(any, Infinity, status(503)) },
  {
    name: 'a login page of the network',
    ends: /sent a web page in place of the file/,
    make: (random) => {
      const page = status(200, { 'Content-Type': 'text/html' }, '<html>Welcome! Log in.');
      return some(any, Infinity, page, random.integer(3));
    },
  },
  { name: '511', ends: /sent HTTP 511 in place/, make: () => some(any, Infinity, status(511)) },
  {
    name: 'half a JSON',
    ends: /is not JSON/,
    make(random) {
      const share = 0.1 + 0.8 * random.uniform();
      return some(isApi, Infinity, (asked, response, hub) => {
        const text = JSON.stringify(descriptionOf(hub, asked));
        response.writeHead(200).end(text.slice(0, Math.floor(share * text.length)));
      });
    },
  },
  ...[null, 7, 'x', {}, { rfilename: 5 }].map((entry): NetworkFault => ({
    name: `${JSON.stringify(entry)} in the list of files`,
    ends: /lists .* as a file/,
    make: () =>
      some(isApi, Infinity, (asked, response, hub) => {
        const { sha, siblings } = descriptionOf(hub, asked)!;
        response.writeHead(200).end(JSON.stringify({ sha, siblings: [...siblings, entry] }));
      }),
  })),
  {
    name: 'null in place of a description',
    ends: /names no commit or no files/,
    make: () => some(isApi, Infinity, status(200, {}, 'null')),
  },
  {
    name: 'a description without hashes',
    ends: /gives no size or no hash/,
    make: () =>
      some(isApi, Infinity, (asked, response, hub) => {
        const { sha, siblings } = descriptionOf(hub, asked)!;
        const bare = (siblings as { rfilename: string; size: number }[]).map(({ rfilename, size }) => ({
          rfilename,
          size,
        }));
        response.writeHead(200).end(JSON.stringify({ sha, siblings: bare }));
      }),
  },
  {
    name: 'names that lead out of the repository',
    ends: 'passes',
    make: (random) => {
      const ways = ['../../x', '/etc/x', 'a/../../x', './x', '..', 'a//b'];
      const way = ways[random.integer(ways.length)]!;
      return some(isApi, Infinity, (asked, response, hub) => {
        const { sha, siblings } = descriptionOf(hub, asked)!;
        const more = { rfilename: way, size: 1, blobId: '0'.repeat(40) };
        response.writeHead(200).end(JSON.stringify({ sha, siblings: [...siblings, more] }));
      });
    },
  },
  { name: '416 without Content-Range', ends: /HTTP 416/, make: () => some(isFile, Infinity, status(416)) },
  {
    name: '416 in the middle',
    ends: /was changed on the server/,
    make: (random) =>
      some(isPart, Infinity, status(416, { 'Content-Range': `bytes */${1 + random.integer(999)}` })),
  },
  { name: '204', ends: /HTTP 204/, make: () => some(any, Infinity, status(204)) },
  {
    name: 'a redirect to another host',
    ends: 'passes',
    make: () => (_, __, hub) => {
      hub.redirects = true;
      return false;
    },
  },
  {
    name: 'a redirect in a circle',
    ends: /the connection failed|nothing arrived/,
    make: () => (asked, response, hub) => {
      if (!isFile(asked)) return false;
      const path = `/${asked.repo}/resolve/${asked.revision}/${asked.name}`;
      response.writeHead(302, { Location: hub.endpoint + path }).end();
      return true;
    },
  },
  {
    name: 'a drip',
    ends: /(only \d+ bytes|nothing) arrived/,
    make: (random) => {
      const every = 20 + random.integer(60);
      return some(isPart, Infinity, (asked, response, hub) => {
        const body = fileOf(hub, asked)!;
        const [begin, end] = asked.range!;
        response.writeHead(206, {
          'Content-Length': end - begin,
          'Content-Range': `bytes ${begin}-${end - 1}/${body.length}`,
        });
        let at = begin;
        const dripping = setInterval(() => response.write(body.subarray(at, ++at)), every);
        response.on('close', () => clearInterval(dripping));
      });
    },
  },
  {
    name: 'another ETag in the middle',
    ends: /was changed on the server/,
    make: (random) => {
      const after = 1 + random.integer(2);
      let seen = 0;
      return (asked, response, hub) => {
        if (!isFile(asked)) return false;
        const cutShort: Asked = {
          ...asked,
          range: asked.range && [asked.range[0], Math.min(asked.range[1], asked.range[0] + 9000)],
        };
        sendFile(hub, cutShort, response, fileOf(hub, asked), { ETag: seen++ < after ? '"a"' : `"${seen}"` });
        return true;
      };
    },
  },
  {
    name: 'a branch that moves meanwhile',
    ends: 'passes',
    make: (random) => (asked, _, hub) => {
      if (!isApi(asked)) return false;
      // The answer names the commit of now; by the time files are asked for, main is elsewhere.
      const { branches } = hub.repositories[asked.repo]!;
      const before = branches.main!;
      branches[`old-${before}`] = before;
      setTimeout(() => (branches.main = random.integer(1e9).toString(16).padStart(40, 'e')), 0);
      return false;
    },
  },
  {
    name: 'the commit of another branch',
    ends: /is of the commit .*; asked for/,
    make: () =>
      some(isApi, Infinity, (asked, response, hub) => {
        const description = descriptionOf(hub, asked)!;
        response.writeHead(200).end(JSON.stringify({ ...description, sha: 'd'.repeat(40) }));
      }),
  },
  {
    name: 'a login that is wanted',
    ends: /asks for a login/,
    make: (random) => some(any, Infinity, status(random.integer(2) === 0 ? 401 : 403), random.integer(3)),
  },
  {
    name: 'a file that is gone',
    ends: /is not on the server/,
    make: (random) => some(isFile, Infinity, status(random.integer(2) === 0 ? 404 : 410)),
  },
  {
    name: 'the whole file in answer to a range',
    ends: 'passes',
    make: (random) =>
      some(
        isFile,
        Infinity,
        (asked, response, hub) => sendFile(hub, { ...asked, range: undefined }, response),
        random.integer(2),
      ),
  },
  {
    name: 'no Content-Range',
    ends: /no Content-Range/,
    make: () =>
      some(isPart, Infinity, (asked, response, hub) => {
        const [begin, end] = asked.range!;
        response.writeHead(206).end(fileOf(hub, asked)!.subarray(begin, end));
      }),
  },
];

/** Tests wait less than people. */
const IMPATIENT = { tries: 4, first_wait_ms: 2, longest_wait_ms: 1000, stall_ms: 2000, least_bytes: 3000 };

const COMMIT = 'c0ffee'.padEnd(40, '0');
const REPO = 'somebody/tiny';

function filesOf(random: Random): Record<string, Uint8Array<ArrayBuffer>> {
  const noise = (n: number) => Uint8Array.from({ length: n }, () => random.integer(256));
  return {
    'config.json': noise(10 + random.integer(600)),
    'model-1.safetensors': noise(40_000 + random.integer(60_000)),
    'model-2.safetensors': noise(40_000 + random.integer(60_000)),
  };
}

/** One download under a fault, and one when it is over. */
async function trial(fault: NetworkFault, seed: number, shelf: () => Shelf): Promise<Outcome> {
  const random = seededRandom(seed);
  const files = filesOf(random);
  const server = await fakeHub({ [REPO]: { branches: { main: COMMIT }, files } });
  server.small_bytes = 1000;
  server.fault = fault.make(random);
  const asksCommit = fault.name === 'the commit of another branch';
  const hub: Hub = { endpoint: server.endpoint, shelf: shelf(), token: 'hf_secret', patience: IMPATIENT };
  const ref = { kind: 'models', repo: REPO, revision: asksCommit ? COMMIT : 'main' } as const;

  async function visit(): Promise<'right' | 'wrong'> {
    const opened = await openHub(hub, ref);
    if (opened.files.names.some((name) => !(name in files))) return 'wrong';
    const sources = await Promise.all(Object.keys(files).map((name) => opened.files.open(name)));
    for (const source of sources) {
      const bytes = await source.slice(0, source.byteLength);
      if (Buffer.compare(bytes, files[source.name]!) !== 0) return 'wrong';
    }
    return 'right';
  }

  try {
    const first = await visit().catch(toFailure);
    if (first === 'wrong') return { is: 'wrong', why: 'bytes that are not the Hub’s were handed on' };
    if (fault.ends === 'passes') {
      if (first !== 'right') return { is: 'lost', why: first.message };
    } else {
      if (first === 'right') return { is: 'wrong', why: 'it was not noticed' };
      if (first.code === 'internal') return { is: 'lost', why: `no sentence: ${first.message}` };
      if (!fault.ends.test(first.message)) return { is: 'lost', why: `another sentence: ${first.message}` };
      if (first.message.includes('\n')) return { is: 'lost', why: 'more than a line' };
      if (first.message.includes('hf_secret')) return { is: 'wrong', why: 'the token is in the message' };
      server.fault = undefined;
      const second = await visit().catch(toFailure);
      if (second !== 'right') return { is: 'lost', why: `and when it is over: ${JSON.stringify(second)}` };
    }
    if (server.asked.some(({ what, authorization }) => what === 'cdn' && authorization)) {
      return { is: 'wrong', why: 'the token went to another host' };
    }
    return { is: 'survived' };
  } finally {
    await server.close();
  }
}

/** Downloads from a Hub that lies, each followed by one from a Hub that does not; `shelf` makes a place for copies. */
export const networkFaults = (shelf: () => Shelf): FaultSuite => ({
  name: 'network',
  at_a_time: 4,
  kinds: NETWORK_FAULTS.map((fault) => ({
    name: fault.name,
    trial: (seed) => trial(fault, seed, shelf),
  })),
});
