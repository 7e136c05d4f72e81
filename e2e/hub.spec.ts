import { readFile } from 'node:fs/promises';
import type { Page, Route } from '@playwright/test';
import { fakeHub, sendFile, type FakeHub } from '../test/fixtures/fake_hub.ts';
import { expectNoViolationsInAnyColours } from './axe.ts';
import { layoutFaults } from './layout.ts';
import { expect, LONG, resultTable, runButton, runState, smallSpec, specHash, test } from './page.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
const MODEL = { source: 'hub', repo: 'somebody/tiny', revision: 'main' } as const;

/** A Hub with one repository, whose `main` is COMMIT and whose files are those of the bundled model. */
let hub: FakeHub;
test.beforeEach(async ({ context }) => {
  const read = async (name: string) =>
    [name, new Uint8Array(await readFile(`public/models/nibble-tiny/${name}`))] as const;
  const files = Object.fromEntries(await Promise.all(FILES.map(read)));
  const readme = new TextEncoder().encode('# A tiny model\n');
  hub = await fakeHub({
    [MODEL.repo]: { branches: { main: COMMIT }, files: { ...files, 'README.md': readme } },
  });
  await context.route('https://huggingface.co/**', forward);
});
test.afterEach(() => hub.close());

/** Hands a request for the Hub on to the fake one; a broken connection there is one here. */
async function forward(route: Route): Promise<void> {
  const request = route.request();
  const { pathname, search } = new URL(request.url());
  try {
    const { range, authorization } = request.headers();
    const answer = await fetch(hub.endpoint + pathname + search, {
      method: request.method(),
      headers: { ...(range && { range }), ...(authorization && { authorization }) },
    });
    const headers = Object.fromEntries(answer.headers);
    await route.fulfill({ status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) });
  } catch {
    await route.abort('connectionreset').catch(() => undefined);
  }
}

const askedFor = (name: string) => hub.asked.filter((asked) => asked.name === name);

async function runOnce(page: Page): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
}

test('a Hub model is pinned to its commit, downloaded once, checked, and measured again without a byte', async ({
  page,
}) => {
  await runOnce(page);
  // One probe and one read, for all configurations together.
  expect(askedFor('model.safetensors')).toHaveLength(2);
  expect(askedFor('README.md')).toEqual([]);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await page.getByText('Where these numbers come from').click();
  await expect(page.getByText(COMMIT)).toBeVisible();

  const { sent } = hub;
  await runOnce(page);
  expect(hub.sent).toBe(sent);

  // Without a network at all, the branch is what it was.
  hub.fault = (_, response) => {
    response.destroy();
    return true;
  };
  await page.context().route('https://huggingface.co/**', (route) => route.abort());
  await page.goto('about:blank');
  await page.goto(`/${await specHash(smallSpec({ model: { ...MODEL, revision: COMMIT } }))}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
});

test('a file that is not what the Hub says stops the run before anything is measured', async ({ page }) => {
  const files = hub.repositories[MODEL.repo]!.files;
  const right = files['model.safetensors']!;
  hub.fault = (asked) => {
    // The description is of the right file; what is sent has one bit changed.
    const wrong = right.slice();
    wrong[300_000]! ^= 4;
    files['model.safetensors'] = asked.what === 'api' ? right : wrong;
    return false;
  };
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  await runButton(page).click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('model.safetensors did not arrive as the Hub has it', LONG);
  await expect(alert).toContainText('Nothing was measured with it.');

  hub.fault = undefined;
  files['model.safetensors'] = right;
  await runOnce(page);
});

/** Bytes of Hub files that the browser has written down as its own. */
const savedBytes = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('nibble-hub');
        opening.onerror = () => reject(new Error('no index'));
        opening.onsuccess = () => {
          const all = opening.result.transaction('files').objectStore('files').getAll();
          all.onsuccess = () => {
            opening.result.close();
            const files = all.result as { done: number[] }[];
            resolve(files.flatMap(({ done }) => done).reduce((sum, bytes) => sum + bytes, 0));
          };
        };
      }),
  );

test('a download that was cut off by a reload goes on where it was', async ({ page }) => {
  const whole = hub.repositories[MODEL.repo]!.files['model.safetensors']!.length;
  let parts = 0;
  hub.fault = (asked, response) => {
    if (asked.name !== 'model.safetensors' || asked.range![1] === 1) return false;
    // One part comes, shorter than asked for, and the next one never.
    if (parts++ === 0) sendFile(hub, { ...asked, range: [0, 300_000] }, response);
    return true;
  };
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  await runButton(page).click();
  await expect.poll(() => parts, LONG).toBe(2);
  await expect.poll(() => savedBytes(page), LONG).toBeGreaterThan(300_000);
  await page.reload();

  hub.fault = undefined;
  await runOnce(page);
  expect(askedFor('model.safetensors').at(-1)!.range).toEqual([300_000, whole]);
  // One byte asks for the size, and the other files came whole the first time.
  expect(askedFor('config.json')).toHaveLength(2);
});

test('a run goes on at the commit it was begun with, though its branch has moved', async ({ page }) => {
  await page.goto(
    `/${await specHash(smallSpec({ model: MODEL, tasks: [{ task: 'mini_arc', limit: 40 }] }))}`,
  );
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(runState(page)).toHaveText('Stopped', LONG);
  const { branches } = hub.repositories[MODEL.repo]!;
  branches.main = 'f'.repeat(40);
  branches.before = COMMIT;
  const asked = hub.asked.length;
  await page.getByRole('link', { name: 'Open the results' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  // The commit is known, and all its files are here.
  expect(hub.asked).toHaveLength(asked);
});

test('two tabs share one download', async ({ page, context }) => {
  const other = await context.newPage();
  await Promise.all([runOnce(page), runOnce(other)]);
  expect(askedFor('model.safetensors')).toHaveLength(2);
});

test('a gated model opens with the user’s own token, which nothing keeps', async ({ page }) => {
  hub.token = 'hf_right';
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText(
    'The Hub asks for a login for somebody/tiny (HTTP 401)',
    LONG,
  );
  await page.getByLabel('Your own token').fill('hf_right');
  await page.getByRole('button', { name: 'Back to the experiment' }).click();
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(resultTable(page)).toBeVisible();
  const kept = await page.evaluate(async () => {
    const records = await new Promise<unknown>((resolve) => {
      const opening = indexedDB.open('nibble');
      opening.onsuccess = () => {
        const all = opening.result.transaction('runs').objectStore('runs').getAll();
        all.onsuccess = () => resolve(all.result);
      };
    });
    return JSON.stringify([records, location.href, { ...localStorage }, document.body.innerText]);
  });
  expect(kept).toContain('somebody/tiny');
  expect(kept).not.toContain('hf_right');

  // Another visit does not know it, unless it was told to keep it.
  const field = page.getByLabel('Your own token');
  await page.evaluate(() => sessionStorage.clear());
  await page.goto('about:blank');
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  await page.getByText('A gated or private model').click();
  await expect(field).toHaveValue('');
  await field.fill('hf_mine');
  await page.getByLabel('Keep it in this browser').check();
  await page.reload();
  await page.getByText('A gated or private model').click();
  await expect(field).toHaveValue('hf_mine');
});

test('the Storage screen shows what is kept, and deletes it', async ({ page }) => {
  await runOnce(page);
  await page.goto('/#/storage');
  const models = page.getByRole('region', { name: 'Models' });
  await expect(models.getByRole('listitem')).toContainText(
    /somebody\/tiny\s+6\d\d kB · 4 files · commit 0123456/,
  );
  await expect(page.getByRole('region', { name: 'Runs' })).toContainText('1 run with their answers');
  // The walk over all screens finds it empty.
  await expectNoViolationsInAnyColours(page, 'Storage, filled');
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await expect.poll(() => page.evaluate(layoutFaults)).toEqual([]);
  }
  await models.getByRole('button', { name: 'Delete somebody/tiny at 0123456' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'somebody/tiny is deleted.' })).toBeVisible();
  await expect(models).toContainText('None.');
  await runOnce(page);
  expect(askedFor('model.safetensors')).toHaveLength(4);
});

test('a probe tells download, memory and time by the shape, and downloads no weight', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  const measure = page.getByRole('button', { name: 'Measure this GPU for 2 seconds' });
  await measure.focus();
  expect(hub.asked).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Measuring…' })).toBeVisible();
  const estimate = page.getByTestId('estimate');
  await expect(estimate).toHaveText(
    /^The download is about 6\d\d kB\. The weights take up to about 560 kB of GPU memory at a time, and computing with them up to about [\d.]+ [kM]B more\. From a probe of 2 s on this GPU, it takes about .* (s|min)\.$/,
    LONG,
  );
  await expect(estimate).toBeFocused();
  expect(new Set(hub.asked.map(({ what, name }) => name || what))).toEqual(new Set(['api', 'config.json']));

  // It is asked for once, and again only for what it did not time.
  const said = await estimate.textContent();
  await page.reload();
  await expect(estimate).toHaveText(said!);
  await expect(measure).toHaveCount(0);
  await page.getByLabel('Weights').last().selectOption('INT8');
  await expect(measure).toBeVisible();
});

test('a repository that is not there gets its sentence', async ({ page }) => {
  const model = { source: 'hub', repo: 'nobody/nothing', revision: 'main' } as const;
  await page.goto(`/${await specHash(smallSpec({ model }))}`);
  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText(
    'The Hub has no public repository nobody/nothing at main, or it asks for a login (HTTP 404).',
    LONG,
  );
});
