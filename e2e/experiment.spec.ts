import { expect, LONG, resultTable, runButton, runState, smallSpec, specHash, test } from './page.ts';

test('the default experiment on fewer items: a table with n and standard errors', async ({ page }) => {
  await page.goto('/#/experiment');
  for (const task of ['Mini ARC', 'Mini CoQA', 'Mini text'])
    await page.getByLabel(`Items of ${task}`).fill('6');
  await page.getByRole('button', { name: 'Remove INT8 per row' }).click();
  await expect(runButton(page)).toHaveText('Run 3 configurations');
  await expect(page).toHaveURL(/experiment\?.*&seed=7$/);
  await page.getByLabel('Items of Mini text').scrollIntoViewIfNeeded();
  await runButton(page).click();
  await expect(page.getByRole('heading', { level: 1, name: 'NF4 or FP4?' })).toBeFocused();
  expect(await page.evaluate(() => scrollY)).toBe(0);

  await expect(page).toHaveTitle(/^\d+ % · Experiment/);
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();

  const rows = resultTable(page).getByRole('row');
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(1)).toContainText('float32');
  await expect(rows.nth(1)).toContainText(/\d\.\d{3} ± \d\.\d{3}/);
  await expect(rows.nth(1).getByText('n = 6')).toHaveCount(3);
  await expect(rows.nth(2)).toContainText(/NF4 · 256.*4\.128/);
  await expect(rows.nth(2)).toContainText(/(differs from float32 on \d of\s6|as float32 on each of\s6)/);

  // Twice is from the largest down.
  await page.getByRole('button', { name: 'Bits per weight' }).click();
  await expect(rows.nth(3)).toContainText('float32');
  await page.getByRole('button', { name: 'Bits per weight' }).click();
  await expect(rows.nth(1)).toContainText('float32');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  expect((await download).suggestedFilename()).toBe('nf4-or-fp4-result.json');

  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await expect(page.getByText('54 answers')).toBeVisible();
  await page.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No runs yet.')).toBeVisible();
});

test('a link opens as it was sent, and asks no other host for anything before Run', async ({ page }) => {
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(request.url()));
  await page.route('https://huggingface.co/**', (route) =>
    route.fulfill({ json: {}, headers: { 'Access-Control-Allow-Origin': '*' } }),
  );
  const spec = smallSpec({
    title: 'Sent to you',
    model: { source: 'hub', repo: 'somebody/some-llama', revision: 'v1.0' },
  });
  const hash = await specHash(spec);
  await page.goto(`/${hash}`);

  await expect(page.getByText('This experiment came with the link.')).toBeVisible();
  await expect(page.getByLabel('Title')).toHaveValue('Sent to you');
  await expect(page.getByLabel('Repository')).toHaveValue('somebody/some-llama');
  await expect(page.getByLabel('Branch, tag or commit')).toHaveValue('v1.0');
  await expect(page.getByText('somebody/some-llama is downloaded from huggingface.co')).toBeVisible();
  await expect(page.getByText('WebGPU: ')).not.toContainText('…');
  expect(new URL(page.url()).hash).toBe(hash);
  const { host } = new URL(page.url());
  expect(asked.filter((url) => new URL(url).host !== host && !url.startsWith('blob:'))).toEqual([]);
  expect(asked.filter((url) => /\/(models|tasks)\//.test(url))).toEqual([]);

  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText('somebody/some-llama', LONG);
  expect(asked.some((url) => url.startsWith('https://huggingface.co/api/models/somebody/some-llama'))).toBe(
    true,
  );
});

test('a model from a folder of one’s own', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec({ model: { source: 'local', name: 'mine' } }))}`);
  await expect(runButton(page)).toBeDisabled();
  await expect(page.getByText('Choose the folder of the model first.')).toBeVisible();
  await page.getByLabel('Choose the folder of the model').setInputFiles('public/models/nibble-tiny');
  await expect(page.getByText(/^nibble-tiny: \d+ files$/)).toBeVisible();
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
});

test('the address follows the draft without filling the history', async ({ page }) => {
  await page.goto('/#/explore');
  await page.getByRole('link', { name: 'Experiment', exact: true }).click();
  await page.getByLabel('Title').fill('Mine');
  await expect(page).toHaveURL(/experiment\?.*&seed=7$/);
  await page.reload();
  await expect(page.getByLabel('Title')).toHaveValue('Mine');
  await expect(page.getByText('This experiment came with the link.')).toHaveCount(0);
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('16 values');
});

test('a damaged link says so', async ({ page }) => {
  const hash = await specHash(smallSpec());
  await page.goto(`/${hash.slice(0, -12)}`);
  await expect(page.getByRole('alert')).toContainText('The link cannot be opened.');
  await expect(page.getByRole('alert')).toContainText('The link has no seed');
  await page.goto('/#/experiment?spec=1.AAAA');
  await expect(page.getByRole('alert')).toContainText('The link is damaged');
  await page.goto('/#/experiment?spec=9.abc');
  await expect(page.getByRole('alert')).toContainText('newer than this page');
});

test('an imported spec with an unknown key is refused by its name, a good one is taken', async ({ page }) => {
  await page.goto('/#/experiment');
  const importSpec = (spec: object) =>
    page.getByLabel('Experiment file').setInputFiles({
      name: 'mine.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(spec)),
    });
  await importSpec({ ...smallSpec(), blocksize: 64 });
  await expect(page.getByRole('alert')).toContainText('mine.json cannot be opened.');
  await expect(page.getByRole('alert')).toContainText('blocksize is an unknown key');

  await importSpec(smallSpec({ title: 'Imported' }));
  await expect(page.getByLabel('Title')).toHaveValue('Imported');
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a mistake in the form is said beside it, and Run waits', async ({ page }) => {
  await page.goto('/#/experiment');
  await page.getByLabel('Items of Mini ARC').fill('0');
  await expect(page.getByRole('alert')).toContainText('tasks[0].limit is 0; allowed: a whole number from 1');
  await expect(runButton(page)).toBeDisabled();
  await page.getByLabel('Items of Mini ARC').fill('1');
  await expect(runButton(page)).toBeEnabled();
});

test('an address nobody knows shows the ones there are', async ({ page }) => {
  await page.goto('/#/somewhere');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is no such page');
  await page.goto('/#/results/not-a-run');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This run is not here');
});

test('a run tells its end to a reader who asked for it and has gone to another tab', async ({ page }) => {
  await page.addInitScript(() => {
    const said: string[] = [];
    class Stub {
      static requestPermission = () => Promise.resolve('granted');
      constructor(_: string, { body }: { body: string }) {
        said.push(body);
      }
    }
    Object.assign(globalThis, { Notification: Stub, said });
    Object.defineProperty(document, 'hidden', { get: () => true });
  });
  await page.goto(`/${await specHash(smallSpec({ tasks: [{ task: 'mini_arc', limit: 12 }] }))}`);
  await runButton(page).click();
  await page.getByRole('checkbox', { name: 'Tell me when it is done' }).check();
  await expect(runState(page)).toHaveText('Done', LONG);
  expect(await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)).toEqual([
    'The run is done.',
  ]);
});
