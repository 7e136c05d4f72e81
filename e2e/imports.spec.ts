import { readFile } from 'node:fs/promises';
import type { ExperimentResult } from '../src/study/result.ts';
import { expect, resultTable, test } from './page.ts';

const RUN = 'test/fixtures/run.json';

const fileOf = (name: string, result: unknown) => ({
  ...{ name, mimeType: 'application/json' },
  buffer: Buffer.from(JSON.stringify(result)),
});

async function saved(): Promise<ExperimentResult> {
  return JSON.parse(await readFile(RUN, 'utf8')) as ExperimentResult;
}

test('where a result comes from, and that it does not fit its digest, is said wherever it is shown', async ({
  page,
}) => {
  const forged = { ...(await saved()), digest: 'f'.repeat(64) };
  await page.goto('/#/results');
  await page.getByLabel('Result files').setInputFiles(fileOf('forged.json', forged));
  const row = page.getByRole('listitem').filter({ hasText: 'NF4 or FP4?' });
  await expect(row).toContainText('200 answers · measured elsewhere, done');
  await expect(row).toContainText('do not fit the digest');
  await row.getByRole('link').click();
  await expect(page.getByText('measured elsewhere, done')).toBeVisible();
  await expect(page.getByText('These answers were measured elsewhere')).toBeVisible();
  await expect(page.getByText('These answers do not fit the digest')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Resume' })).toHaveCount(0);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save report, Markdown' }).click();
  const report = await readFile(await (await download).path(), 'utf8');
  expect(report).toContain('measured elsewhere');
  expect(report).toContain('do not fit the digest');
});

test('a result without its baseline compares nothing, on the page and in what is copied', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const result = await saved();
  result.runs.shift();
  await page.goto('/#/results');
  await page.getByLabel('Result files').setInputFiles(fileOf('headless.json', result));
  const row = page.getByRole('listitem').filter({ hasText: 'NF4 or FP4?' });
  await expect(row).toContainText('not complete');
  await row.getByRole('link').click();
  await expect(page.getByText('float32 is the baseline and has no answers')).toBeVisible();
  await expect(page.getByText('float32 has 0 of 50 answers.')).toBeVisible();
  await expect(resultTable(page)).toContainText('INT8');
  await expect(resultTable(page)).not.toContainText('baseline');
  await expect(page.getByRole('heading', { name: 'What can be said' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('float32 is the baseline and has no answers');
  expect(copied).not.toContain('distinguishable');
});

test('an import that is cut off leaves nothing, and one that is not is whole', async ({ page }) => {
  const result = await saved();
  // Enough answers that storing them takes a while.
  for (const run of result.runs) {
    const [first] = run.tasks;
    const [item] = first!.items;
    first!.items = Array.from({ length: 4000 }, (_, doc_id) => ({ ...item!, doc_id }));
  }
  const large = fileOf('large.json', result);
  await page.goto('/#/results');
  await page.getByLabel('Result files').setInputFiles(large);
  await expect(page.getByRole('progressbar', { name: 'Import of large.json' })).toBeVisible();
  await expect(page.getByText(/Storing large\.json, /)).toBeVisible();
  await page.reload();
  await expect(page.getByText(/No runs yet|NF4 or FP4/)).toBeVisible();
  const left = await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('nibble');
      request.onsuccess = () => resolve(request.result);
    });
    const tx = db.transaction(['runs', 'items']);
    const count = (store: string) =>
      new Promise<number>((resolve) => {
        const request = tx.objectStore(store).count();
        request.onsuccess = () => resolve(request.result);
      });
    const counts = await Promise.all([count('runs'), count('items')]);
    db.close();
    return counts.join(' ');
  });
  expect(['0 0', '1 16040']).toContain(left);

  await page.getByLabel('Result files').setInputFiles({ ...large, name: 'again.json' });
  await expect(page.getByText('1 run imported.')).toBeVisible();
  await expect(page.getByText('16,040 answers').first()).toBeVisible();
});

test('a database that another version holds or has written is named, with what to do', async ({
  page,
  context,
}) => {
  // A page of the same origin that is not this one.
  await page.route('**/other', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<link rel="icon" href="data:,">' }),
  );
  await page.goto('/other');
  const hold = (version: number) =>
    page.evaluate(
      (wanted) =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open('nibble', wanted);
          request.onupgradeneeded = () => {
            request.result.createObjectStore('runs', { keyPath: 'id' });
            request.result.createObjectStore('items', { keyPath: ['run_id', 'config', 'task', 'doc_id'] });
          };
          request.onsuccess = () => {
            Object.assign(window, { held: request.result });
            resolve();
          };
        }),
      version,
    );
  await hold(1);
  const other = await context.newPage();
  await other.goto('/#/results');
  await expect(other.getByRole('alert')).toContainText('Another tab holds an older version of the page');
  await expect(other.getByRole('alert')).toContainText('Close the other tabs of this page');
  await page.close();
  await other.reload();
  await expect(other.getByText('No runs yet.')).toBeVisible();
});
