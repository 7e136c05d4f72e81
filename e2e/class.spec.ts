import { partsOf } from '../test/fixtures/cut_result.ts';
import { savedRun } from '../test/fixtures/run_events.ts';
import { digestOf, expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

test('the parts of a class merge as they are imported, whoever comes first', async ({ page }) => {
  const whole = await savedRun();
  const files = partsOf(whole, 3, true).map(({ name, run }) => ({
    ...{ name, mimeType: 'application/json' },
    buffer: Buffer.from(JSON.stringify(run.result)),
  }));
  await page.goto('/#/results');
  const input = page.getByLabel('Result files');
  await input.setInputFiles([files[2]!, files[0]!]);
  await expect(page.getByText('2 runs imported.')).toBeVisible();
  const merged = page.getByRole('listitem').filter({ has: page.locator('a[href*="merged-"]') });
  await expect(merged).toContainText('not complete');
  // The same file once more changes nothing.
  await input.setInputFiles(files[0]!);
  await expect(page.getByText('1 run imported.')).toBeVisible();
  await input.setInputFiles(files[1]!);
  await expect(merged).toContainText('200 answers');
  await expect(merged).not.toContainText('not complete');
  await merged.getByRole('link').first().click();
  await expect(page.getByText('Merged from 3 parts.')).toBeVisible();
  expect(await digestOf(page)).toBe(whole.digest);
});

test('a seat of a class answers its share', async ({ page }) => {
  const spec = smallSpec({ tasks: [{ task: 'mini_arc', limit: 4 }] });
  await page.goto(`/?shard=2${await specHash(spec)}`);
  await expect(runButton(page)).toBeDisabled();
  await expect(page.getByText('Give your seat first, from 1 to 2.')).toBeVisible();
  await page.getByLabel('Your seat').fill('2');
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByText('This is part 2 of 2 of the experiment')).toBeVisible(LONG);
});
