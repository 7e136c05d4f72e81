import { readFile, stat } from 'node:fs/promises';
import type { Route } from '@playwright/test';
import { expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors', 'README.md'];
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, ETag',
};

const sizeOf = async (name: string) => (await stat(`public/models/nibble-tiny/${name}`)).size;

/** A Hub with one repository, whose `main` is COMMIT and whose files are those of the bundled model. */
async function hub(route: Route): Promise<void> {
  const { pathname } = new URL(route.request().url());
  if (pathname === '/api/models/somebody/tiny/revision/main') {
    const siblings = await Promise.all(
      FILES.map(async (rfilename) => ({
        rfilename,
        size: rfilename === 'README.md' ? 9 : await sizeOf(rfilename),
      })),
    );
    await route.fulfill({ json: { sha: COMMIT, siblings }, headers: CORS });
    return;
  }
  const name = FILES.find((file) => pathname === `/somebody/tiny/resolve/${COMMIT}/${file}`);
  if (!name) {
    await route.fulfill({ status: 404, body: 'Repository not found', headers: CORS });
    return;
  }
  const body = await readFile(`public/models/nibble-tiny/${name}`);
  const range = /^bytes=(\d+)-(\d+)$/.exec(route.request().headers().range ?? '');
  if (!range) {
    await route.fulfill({ body, headers: CORS });
    return;
  }
  const begin = Number(range[1]);
  const end = Math.min(Number(range[2]) + 1, body.length);
  await route.fulfill({
    status: 206,
    body: body.subarray(begin, end),
    headers: { ...CORS, 'Content-Range': `bytes ${begin}-${end - 1}/${body.length}` },
  });
}

test('a Hub repository is pinned to its commit, downloaded once and measured', async ({ page }) => {
  const asked: string[] = [];
  await page.context().route('https://huggingface.co/**', async (route) => {
    asked.push(new URL(route.request().url()).pathname);
    await hub(route);
  });
  const model = { source: 'hub', repo: 'somebody/tiny', revision: 'main' } as const;
  await page.goto(`/${await specHash(smallSpec({ model }))}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);

  const weights = asked.filter((path) => path.endsWith('model.safetensors'));
  // One probe and one read, for all configurations together.
  expect(weights).toHaveLength(2);
  expect(asked.some((path) => path.endsWith('README.md'))).toBe(false);

  await page.getByRole('link', { name: 'Open the results' }).click();
  await page.getByText('Where these numbers come from').click();
  await expect(page.getByText(COMMIT)).toBeVisible();
});

test('a probe tells download, memory and time by the shape, and downloads no weight', async ({ page }) => {
  const asked: string[] = [];
  await page.context().route('https://huggingface.co/**', async (route) => {
    asked.push(new URL(route.request().url()).pathname.split('/').at(-1)!);
    await hub(route);
  });
  const model = { source: 'hub', repo: 'somebody/tiny', revision: 'main' } as const;
  await page.goto(`/${await specHash(smallSpec({ model }))}`);
  const measure = page.getByRole('button', { name: 'Measure this GPU for 2 seconds' });
  await measure.focus();
  expect(asked).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Measuring…' })).toBeVisible();
  const estimate = page.getByTestId('estimate');
  await expect(estimate).toHaveText(
    /^The download is about 6\d\d kB\. The weights take up to about 560 kB of GPU memory at a time\. From a probe of 2 s on this GPU, it takes about .* (s|min)\.$/,
    LONG,
  );
  await expect(estimate).toBeFocused();
  expect(new Set(asked)).toEqual(new Set(['main', 'config.json']));

  // It is asked for once, and again only for what it did not time.
  const said = await estimate.textContent();
  await page.reload();
  await expect(estimate).toHaveText(said!);
  await expect(measure).toHaveCount(0);
  await page.getByLabel('Weights').last().selectOption('INT8');
  await expect(measure).toBeVisible();
});

test('a repository that is not there gets its sentence', async ({ page }) => {
  await page.context().route('https://huggingface.co/**', hub);
  const model = { source: 'hub', repo: 'nobody/nothing', revision: 'main' } as const;
  await page.goto(`/${await specHash(smallSpec({ model }))}`);
  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText(
    'The Hub has no public repository nobody/nothing at main, or it asks for a login (HTTP 404).',
    LONG,
  );
});
