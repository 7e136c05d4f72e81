import { readFile } from 'node:fs/promises';
import { parseResult } from '../src/study/parse_result.ts';
import { expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

test('where the browser keeps nothing, a run goes on in memory, says so, and can be saved', async ({
  page,
}) => {
  // What a worker is refused, its own script must say: a page's settings do not reach it.
  await page.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    const refusing = `indexedDB.open = () => { throw new DOMException('The user denied permission', 'SecurityError'); };`;
    await route.fulfill({ response, body: `${refusing}\n${await response.text()}` });
  });
  await page.goto(`/${await specHash(smallSpec())}`);
  await runButton(page).click();
  await expect(page.getByText('So this run is kept in memory alone')).toBeVisible();
  await expect(runState(page)).toHaveText('Done', LONG);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the result' }).click();
  const saved: unknown = JSON.parse(await readFile(await (await download).path(), 'utf8'));
  expect(parseResult(saved, 'result').result).toMatchObject({ state: 'done' });
});
