import { readFile } from 'node:fs/promises';
import type { Page, Route } from '@playwright/test';
import { fakeHub, type FakeHub } from '../test/fixtures/fake_hub.ts';
import { expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

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

test('a probe tells download, memory and time by the shape, and downloads no weight', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec({ model: MODEL }))}`);
  const measure = page.getByRole('button', { name: 'Measure this GPU for 2 seconds' });
  await measure.focus();
  expect(hub.asked).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Measuring…' })).toBeVisible();
  const estimate = page.getByTestId('estimate');
  await expect(estimate).toHaveText(
    /^The download is about 6\d\d kB\. The weights take up to about 560 kB of GPU memory at a time\. From a probe of 2 s on this GPU, it takes about .* (s|min)\.$/,
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
