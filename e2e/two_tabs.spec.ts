import type { BrowserContext, Locator, Page } from '@playwright/test';
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

/** A second tab on the list of runs, while the run of the first is held: however slowly it opens, the run is not over. */
async function watch(page: Page, context: BrowserContext): Promise<Page> {
  await page.getByRole('button', { name: 'Pause' }).click();
  const other = await context.newPage();
  await other.goto('/#/results');
  await expect(rowIn(other)).toContainText('paused in another tab');
  return other;
}

const goOn = (page: Page) => page.getByRole('button', { name: 'Continue' }).click();

test('another tab watches a run live, and can neither resume nor delete it', async ({ page, context }) => {
  await begin(page);
  const other = await watch(page, context);
  const row = rowIn(other);
  await expect(row.getByRole('button', { name: `Resume ${TITLE}` })).toHaveCount(0);
  await row.getByRole('button', { name: `Delete ${TITLE}` }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(row.getByRole('alert')).toContainText('This run is in progress');
  await row.getByRole('button', { name: `Rename ${TITLE}` }).click();
  await other.getByRole('textbox', { name: 'Title' }).fill(`${TITLE}, renamed`);
  await other.keyboard.press('Enter');
  await expect(row).toContainText('renamed');

  // Every text that the row has from here on, since looking now and then might come too late.
  const shown = await row.evaluateHandle((item) => {
    const texts = [item.textContent];
    new MutationObserver(() => texts.push(item.textContent)).observe(item, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    return texts;
  });
  await goOn(page);
  await expect(runState(page)).toHaveText('Done', LONG);
  await expect(row).toContainText('120 answers · done');
  const running = (await shown.jsonValue()).filter((text) => text.includes('running in another tab'));
  const answers = running.map((text) => Number(/(\d+) answers/.exec(text)?.[1]));
  expect(new Set(answers).size, 'numbers of answers shown while it ran').toBeGreaterThan(1);

  await row.getByRole('link', { name: `${TITLE}, renamed` }).click();
  await expect(other.getByText('120 answers · done')).toBeVisible();
  const digest = await digestOf(other);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByRole('heading', { name: `${TITLE}, renamed` })).toBeVisible();
  expect(await digestOf(page)).toBe(digest);
});

test('a run whose tab is gone is offered to the others', async ({ page, context }) => {
  await begin(page);
  const other = await watch(page, context);
  const row = rowIn(other);
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
  const other = await watch(page, context);
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
  await goOn(page);
  await expect(runState(page)).toHaveText('Stopped by a failure', LONG);
  await expect(page.getByRole('alert')).toContainText('was deleted meanwhile');
  await other.reload();
  await expect(other.getByText('No runs yet.')).toBeVisible();
});
