// Serves a folder as a repository of a Hub on this machine, to try downloads with: prints what HF_ENDPOINT has to be.
//   node tools/serve_hub.mjs FOLDER owner/name [--port 8123] [--mbps 800] [--cut 0.6]
// --mbps slows it down; --cut ends the server for good once that share of the bytes was sent.
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '8123' }, mbps: { type: 'string' }, cut: { type: 'string' } },
});
const [folder, repo] = positionals;
const commit = createHash('sha1').update(folder).digest('hex');
/** Files up to this have a git id and no SHA-256, as the Hub has it. */
const SMALL_BYTES = 1_000_000;

const hashOf = async (hash, path) => {
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
};
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
function counted() {
  return new Transform({
    async transform(chunk, _, done) {
      if (values.mbps) await pause((chunk.length * 8) / (Number(values.mbps) * 1000));
      sent += chunk.length;
      done(null, chunk);
      if (values.cut && sent > Number(values.cut) * total) process.exit(0);
    },
  });
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://hub');
  for (const name of ['Origin', 'Headers']) response.setHeader(`Access-Control-Allow-${name}`, '*');
  response.setHeader('Access-Control-Expose-Headers', 'Content-Range');
  if (request.method === 'OPTIONS') return response.writeHead(204).end();
  if (pathname === '/sent') return response.end(`${sent}\n`);
  const api = `/api/models/${repo}/revision/`;
  if (pathname.startsWith(api)) return response.end(JSON.stringify({ sha: commit, siblings }));
  const file = siblings.find(({ rfilename }) => pathname === `/${repo}/resolve/${commit}/${rfilename}`);
  if (!file) return response.writeHead(404).end();
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const [start, end] = [Number(first ?? 0), Math.min(Number(last ?? Infinity), file.size - 1)];
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Length': end - start + 1,
    ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end}/${file.size}` }),
  });
  return createReadStream(join(folder, file.rfilename), { start, end }).pipe(counted()).pipe(response);
});
server.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`HF_ENDPOINT=http://127.0.0.1:${values.port}  # ${repo} at ${commit}, ${total} bytes`);
});
