import type { ByteSource } from '../tensor/source.ts';

/** The browser's cache of ranges read from data sets; its settings show and clear it as this page's data. */
const CACHE = 'nibble-datasets';

/**
 * A source whose slices outlast the page where the browser has a Cache; elsewhere the source itself. `address` must
 * name bytes that never change: a file of a data set at a commit. A cache that is full or shut costs nothing but itself.
 */
export function cachedSource(source: ByteSource, address: string): ByteSource {
  if (typeof caches === 'undefined') return source;
  const { name, byteLength } = source;
  return {
    name,
    byteLength,
    async slice(begin, end) {
      const key = `${address}?bytes=${begin}-${end}`;
      const cache = await caches.open(CACHE).catch(() => undefined);
      const kept = await cache?.match(key).catch(() => undefined);
      if (kept) return new Uint8Array(await kept.arrayBuffer());
      const bytes = await source.slice(begin, end);
      await cache?.put(key, new Response(bytes)).catch(() => undefined);
      return bytes;
    },
  };
}

/** Forgets all ranges. */
export async function clearSlices(): Promise<void> {
  if (typeof caches !== 'undefined') await caches.delete(CACHE).catch(() => false);
}
