import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { serveBelow } from './static_server.ts';
import { expect, runToResults, smallSpec, test } from './page.ts';

/** What may be loaded before the first paint, compressed. */
const MAX_ENTRY_BYTES = 150_000;

test('the first load is small and holds no other engine', () => {
  const html = readFileSync('dist/index.html', 'utf8');
  const entries = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path!);
  expect(entries.length).toBeGreaterThan(0);
  const texts = entries.map((path) => readFileSync(`dist/${path}`, 'utf8'));
  const size = texts.reduce((sum, text) => sum + gzipSync(text).byteLength, 0);
  console.log(`first load: ${entries.length} scripts, ${(size / 1000).toFixed(1)} kB gzip`);
  expect(size).toBeLessThan(MAX_ENTRY_BYTES);
  expect(texts.join('')).not.toMatch(/onnx/i);
});

test('the first second starts no worker', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText(/^WebGPU: [^…]/)).toBeVisible();
  const starts = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => /worker-[^/]*\.js$/.test(name))
      .map(({ startTime }) => startTime),
  );
  expect(starts).toHaveLength(1);
  expect(starts[0]).toBeGreaterThan(1000);
});

test('the page works below any path', async ({ page }) => {
  const server = await serveBelow('/some/where/', 'dist');
  try {
    await runToResults(page, smallSpec(), `${server.origin}/some/where/`);
    await expect(page.getByRole('table').first()).toContainText('n = 2');
  } finally {
    await server.close();
  }
});
