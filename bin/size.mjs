#!/usr/bin/env node
// What a first visit loads by itself, compressed as a server would; fails above the limit.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

/** Everything the page asks for before anybody touches it, in bytes of gzip. */
export const LIMIT = 300_000;

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** The page, what it names, what those import, the sample of weights, and what comes later unasked. */
export function firstLoad() {
  const html = readFileSync(`${DIST}index.html`, 'utf8');
  const found = new Set(['index.html', 'favicon.svg', 'samples/weights.json', 'samples/weights.bf16']);
  const queue = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)].map(
    (match) => match[1] ?? '',
  );
  // These come by themselves: the strips after the first figure, the worker to ask for the adapter.
  queue.push(
    ...readdirSync(`${DIST}assets`)
      .filter((name) => /^(Strips|worker)-.*\.(js|css)$/.test(name))
      .map((name) => `assets/${name}`),
  );
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    if (!path.endsWith('.js')) continue;
    const code = readFileSync(DIST + path, 'utf8');
    for (const [, name] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
      queue.push(`assets/${name}`);
  }
  return [...found].map((path) => ({ path, bytes: gzipSync(readFileSync(DIST + path)).byteLength }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = firstLoad().sort((a, b) => b.bytes - a.bytes);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${path}`);
  console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  gzip in all; limit ${LIMIT / 1000} kB`);
  process.exit(total <= LIMIT ? 0 : 1);
}
