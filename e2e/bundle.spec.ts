import { gzipSync } from 'node:zlib';
import { firstLoad, LIMIT } from '../bin/size.mjs';
import { serveBelow } from './static_server.ts';
import { expect, resultTable, runToResults, smallSpec, test } from './page.ts';

test('the first load is small and holds no other engine', async ({ page }) => {
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => bodies.push(response.body()));
  await page.goto('/');
  await expect(page.getByText(/^WebGPU: [^…]/)).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Which layers suffer most?' })).toBeVisible();
  const loaded = await Promise.all(bodies);
  const size = loaded.reduce((sum, body) => sum + gzipSync(body).byteLength, 0);
  console.log(`first load: ${loaded.length} files, ${(size / 1000).toFixed(1)} kB gzip`);
  expect(size).toBeLessThan(LIMIT);
  expect(loaded.join('')).not.toMatch(/onnxruntime|InferenceSession|wllama\.wasm/i);
  // What `npm run size` counts is what a browser asks for; the worker's own requests are not the page's.
  const counted = firstLoad().reduce((sum, { bytes }) => sum + bytes, 0);
  expect(counted).toBeLessThan(LIMIT);
  expect(counted).toBeGreaterThan(0.9 * size);
});

test('the first second starts no worker', async ({ page }) => {
  await page.addInitScript(() => {
    const starts: number[] = [];
    const Real = Worker;
    class Noted extends Real {
      constructor(...given: ConstructorParameters<typeof Real>) {
        super(...given);
        starts.push(performance.now());
      }
    }
    Object.assign(globalThis, { Worker: Noted, starts });
  });
  await page.goto('/');
  await expect(page.getByText(/^WebGPU: [^…]/)).toBeVisible();
  const starts = await page.evaluate(() => (globalThis as unknown as { starts: number[] }).starts);
  expect(starts).toHaveLength(1);
  expect(starts[0]).toBeGreaterThan(1000);
});

test('the page works below any path', async ({ page }) => {
  const server = await serveBelow('/some/where/', 'dist');
  try {
    await runToResults(page, smallSpec(), `${server.origin}/some/where/`);
    await expect(resultTable(page)).toContainText('n = 2');
  } finally {
    await server.close();
  }
});
