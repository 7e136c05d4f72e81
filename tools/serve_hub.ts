/**
 * Serves a folder as a repository of a Hub on this machine, to try downloads with: prints what HF_ENDPOINT has to be.
 * `node tools/serve_hub.mjs FOLDER owner/name [--port 8123] [--mbps 800] [--cut 0.6]`: --mbps slows it down, --cut ends
 * the server for good once that share of the bytes was sent. `curl $HF_ENDPOINT/sent` says how many bytes were.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '8123' }, mbps: { type: 'string' }, cut: { type: 'string' } },
});
const [folder = '', repo = ''] = positionals;
const commit = createHash('sha1').update(folder).digest('hex');
/** Files up to this have a git id and no SHA-256, as the Hub has it. */
const SMALL_BYTES = 1_000_000;

async function hashOf(hash: Hash, path: string): Promise<string> {
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
const siblings = await Promise.all(
  readdirSync(folder).map(async (rfilename) => {
    const path = join(folder, rfilename);
    const { size } = statSync(path);
    if (size > SMALL_BYTES) {
      const sha256 = await hashOf(createHash('sha256'), path);
      return { rfilename, size, lfs: { sha256, size } };
    }
    return { rfilename, size, blobId: await hashOf(createHash('sha1').update(`blob ${size}\0`), path) };
  }),
);
const total = siblings.reduce((sum, { size }) => sum + size, 0);
let sent = 0;

/** Lets bytes through at the speed asked for, and counts them. */
function counted(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const pass = () => {
        sent += chunk.length;
        done(null, chunk);
        if (values.cut && sent > Number(values.cut) * total) process.exit(0);
      };
      if (values.mbps) setTimeout(pass, (chunk.length * 8) / (Number(values.mbps) * 1000));
      else pass();
    },
  });
}

createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://hub');
  for (const name of ['Origin', 'Headers']) response.setHeader(`Access-Control-Allow-${name}`, '*');
  response.setHeader('Access-Control-Expose-Headers', 'Content-Range');
  const answer = answerTo(pathname);
  if (request.method === 'OPTIONS') response.writeHead(204).end();
  else if (answer !== undefined) response.end(answer);
  else send(pathname, request, response);
}).listen(Number(values.port), '127.0.0.1', () => {
  console.log(`HF_ENDPOINT=http://127.0.0.1:${values.port}  # ${repo} at ${commit}, ${total} bytes`);
});

/** What is no file. */
function answerTo(pathname: string): string | undefined {
  if (pathname === '/sent') return `${sent}\n`;
  if (pathname.startsWith(`/api/models/${repo}/revision/`)) return JSON.stringify({ sha: commit, siblings });
  return undefined;
}

function send(pathname: string, request: IncomingMessage, response: ServerResponse): void {
  const file = siblings.find(({ rfilename }) => pathname === `/${repo}/resolve/${commit}/${rfilename}`);
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const [start, end] = [Number(first ?? 0), Math.min(Number(last ?? Infinity), file.size - 1)];
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Length': end - start + 1,
    ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end}/${file.size}` }),
  });
  createReadStream(join(folder, file.rfilename), { start, end }).pipe(counted()).pipe(response);
}
