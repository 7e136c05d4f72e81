import type { Locator, Page } from '@playwright/test';
import {
  digestOf,
  expect,
  LONG,
  resultTable,
  runButton,
  runState,
  smallSpec,
  specHash,
  test,
} from './page.ts';

const TITLE = 'In two tabs';
const spec = smallSpec({ title: TITLE, tasks: [{ task: 'mini_arc', limit: 60 }] });

const rowIn = (page: Page): Locator => page.getByRole('listitem').filter({ hasText: TITLE });

async function begin(page: Page): Promise<void> {
  await page.goto(`/${await specHash(spec)}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
}

test('another tab watches a run live, and can neither resume nor delete it', async ({ page, context }) => {
  await begin(page);
  const other = await context.newPage();
  await other.goto('/#/results');
  const row = rowIn(other);
  await expect(row).toContainText('running in another tab');
  await expect(row.getByRole('button', { name: `Resume ${TITLE}` })).toHaveCount(0);
  const answers = async () => Number(/(\d+) answers/.exec(await row.innerText())?.[1]);
  const before = await answers();
  await expect.poll(answers).toBeGreaterThan(before);

  await row.getByRole('button', { name: `Delete ${TITLE}` }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(row.getByRole('alert')).toContainText('This run is in progress');

  // A pause shows there, too, and so does another title here.
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(row).toContainText('paused in another tab');
  await row.getByRole('button', { name: `Rename ${TITLE}` }).click();
  await other.getByRole('textbox', { name: 'Title' }).fill(`${TITLE}, renamed`);
  await other.keyboard.press('Enter');
  await expect(row).toContainText('renamed');
  await page.getByRole('button', { name: 'Continue' }).click();

  await expect(runState(page)).toHaveText('Done', LONG);
  await expect(row).toContainText('120 answers · done');
  await row.getByRole('link', { name: `${TITLE}, renamed` }).click();
  await expect(other.getByText('120 answers · done')).toBeVisible();
  const digest = await digestOf(other);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByRole('heading', { name: `${TITLE}, renamed` })).toBeVisible();
  expect(await digestOf(page)).toBe(digest);
});

test('a run whose tab is gone is offered to the others', async ({ page, context }) => {
  await begin(page);
  const other = await context.newPage();
  await other.goto('/#/results');
  const row = rowIn(other);
  await expect(row).toContainText('running in another tab');
  await page.close();
  await expect(row).toContainText('not finished');
  await row.getByRole('button', { name: `Resume ${TITLE}` }).click();
  await expect(runState(other)).toHaveText('Done', LONG);
});

test('a list that was opened during a run follows it to its end', async ({ page }) => {
  await begin(page);
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  const row = rowIn(page);
  await expect(row).toContainText(/answers · running/);
  await expect(row).toContainText('120 answers · done', LONG);
  await row.getByRole('button', { name: `Rename ${TITLE}` }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill(`${TITLE} at last`);
  await page.keyboard.press('Enter');
  await expect(row).toContainText('at last');
  await expect(row).toContainText('120 answers · done');
  await row.getByRole('link').click();
  await expect(resultTable(page)).toContainText('NF4 · 64');
});

test('a run that is deleted under it stops, and is not written again', async ({ page, context }) => {
  await begin(page);
  const other = await context.newPage();
  await other.goto('/#/results');
  await expect(rowIn(other)).toContainText('running in another tab');
  // An older version of the page knows of no owner, and deletes what it likes.
  await other.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('nibble');
      request.onsuccess = () => resolve(request.result);
    });
    const tx = db.transaction(['runs', 'items'], 'readwrite');
    tx.objectStore('runs').clear();
    tx.objectStore('items').clear();
    await new Promise((resolve) => (tx.oncomplete = resolve));
    db.close();
  });
  await expect(runState(page)).toHaveText('Stopped by a failure', LONG);
  await expect(page.getByRole('alert')).toContainText('was deleted meanwhile');
  await other.reload();
  await expect(other.getByText('No runs yet.')).toBeVisible();
});
