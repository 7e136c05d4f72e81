// Keeps the page for when there is no connection. The build puts the list of its files in front, as FILES and VERSION.
/* global FILES, VERSION */

/** One cache a build, whole or not at all: a page never meets the files of another build. */
const CACHE = `nibble ${VERSION}`;

/** @param {string} path */
const addressOf = (path) => new URL(path, self.registration.scope).href;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => {
      for (const path of FILES) {
        const response = await fetch(addressOf(path), { cache: 'no-cache' });
        if (!response.ok) throw new Error(`${path}: ${response.status}`);
        await cache.put(addressOf(path), response);
      }
    }),
  );
});

// It waits until no tab holds an older page, or the reader wants the newer one.
self.addEventListener('message', ({ data }) => {
  if (data === 'take over') void self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith('nibble ') && name !== CACHE) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  url.search = '';
  url.hash = '';
  if (url.href === self.registration.scope) url.href = addressOf('index.html');
  event.respondWith(answer(request, url.href));
});

/**
 * What is kept, or what the network has: models and other large files are kept by whoever reads them.
 * @param {Request} request
 * @param {string} address
 */
async function answer(request, address) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(address);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('Range') ?? '');
  if (!kept) return fetch(request);
  if (!range) return kept;
  const bytes = await kept.arrayBuffer();
  const begin = Number(range[1]);
  const end = Math.min(bytes.byteLength, range[2] ? Number(range[2]) + 1 : Infinity);
  if (begin >= end) return new Response(null, { status: 416 });
  const headers = new Headers(kept.headers);
  headers.set('Content-Range', `bytes ${begin}-${end - 1}/${bytes.byteLength}`);
  headers.set('Content-Length', String(end - begin));
  return new Response(bytes.slice(begin, end), { status: 206, headers });
}
