import { readFileSync, writeFileSync } from 'node:fs';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveBelow } from './static_server.ts';
import { expect, resultTable, runToResults, smallSpec, test } from './page.ts';

test.use({ serviceWorkers: 'allow' });

/** Resolves once the page is kept and answered for. */
const kept = () =>
  new Promise<void>((resolve) => {
    const look = () => navigator.serviceWorker.controller && resolve();
    look();
    navigator.serviceWorker.addEventListener('controllerchange', look);
  });

test('after one visit the page opens without a connection, below any path, and runs an experiment', async ({
  context,
}) => {
  const server = await serveBelow('/some/where/', 'dist');
  const address = `${server.origin}/some/where/`;
  const first = await context.newPage();
  await first.goto(address);
  await first.evaluate(kept);
  await first.close();
  await server.close();
  await context.setOffline(true);

  const page = await context.newPage();
  await runToResults(page, smallSpec(), address);
  await expect(resultTable(page)).toContainText('n = 2');
  await page.getByRole('link', { name: 'Lessons' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('a newer page waits until the reader wants it, and comes whole', async ({ context }) => {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-dist-'));
  cpSync('dist', folder, { recursive: true });
  const server = await serveBelow('/', folder);
  const page = await context.newPage();
  await page.goto(server.origin);
  await page.evaluate(kept);

  const edit = (name: string, change: (text: string) => string) =>
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));
  edit('index.html', (text) => text.replace('<html lang="en"', '<html lang="en" data-build="newer"'));
  edit('service_worker.js', (text) => text.replace(/VERSION = "[0-9a-f]+"/, 'VERSION = "newer"'));
  await page.reload();
  const build = () => page.evaluate(() => document.documentElement.dataset.build ?? 'older');
  expect(await build()).toBe('older');
  await expect(page.getByText('A newer version of this page is ready.')).toBeVisible();
  expect(await build()).toBe('older');
  await page.getByRole('button', { name: 'Load it' }).click();
  await expect.poll(() => build().catch(() => '')).toBe('newer');
  await server.close();
  rmSync(folder, { recursive: true });
});

test('the page can be installed', async ({ request }) => {
  const manifest = (await (await request.get('/manifest.webmanifest')).json()) as {
    icons: { src: string }[];
  };
  for (const { src } of manifest.icons) expect((await request.get(`/${src}`)).ok(), src).toBe(true);
});
