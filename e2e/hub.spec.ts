import { readFile } from 'node:fs/promises';
import type { Route } from '@playwright/test';
import { expect, runButton, runState, smallSpec, specHash, test } from './page.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors', 'README.md'];
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, ETag',
};

/** A Hub with one repository, whose `main` is COMMIT and whose files are those of the bundled model. */
async function hub(route: Route): Promise<void> {
  const { pathname } = new URL(route.request().url());
  if (pathname === '/api/models/somebody/tiny/revision/main') {
    const siblings = FILES.map((rfilename) => ({ rfilename }));
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
  await expect(runState(page)).toHaveText('Done', { timeout: 90_000 });

  const weights = asked.filter((path) => path.endsWith('model.safetensors'));
  // One probe and one read, for all configurations together.
  expect(weights).toHaveLength(2);
  expect(asked.some((path) => path.endsWith('README.md'))).toBe(false);

  await page.getByRole('link', { name: 'Open the results' }).click();
  await page.getByText('Where these numbers come from').click();
  await expect(page.getByText(COMMIT)).toBeVisible();
});

test('a repository that is not there gets its sentence', async ({ page }) => {
  await page.context().route('https://huggingface.co/**', hub);
  const model = { source: 'hub', repo: 'nobody/nothing', revision: 'main' } as const;
  await page.goto(`/${await specHash(smallSpec({ model }))}`);
  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText(
    'The Hub has no public repository nobody/nothing at main, or it asks for a login (HTTP 404).',
    { timeout: 60_000 },
  );
});
