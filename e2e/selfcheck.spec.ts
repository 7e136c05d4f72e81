import { expect, LONG, test } from './page.ts';

test('every kernel passes on this adapter, and the report can be copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/#/self-check');
  await page.getByRole('button', { name: 'Check every kernel on this adapter' }).click();
  await expect(page.getByTestId('summary')).toHaveText(/^All \d+ checks passed on /, LONG);
  const rows = page.getByRole('table').getByRole('row');
  expect(await rows.count()).toBeGreaterThan(20);
  await expect(page.getByRole('cell', { name: 'fail', exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('kernel error');
});

test('the forms of the matmul are timed, and the address may ask for some', async ({ page }) => {
  await page.goto('/?kernels=tile_32,matvec_wide#/self-check');
  await page.getByRole('button', { name: 'Time the forms' }).click();
  await expect(page.getByTestId('tuning')).toBeVisible(LONG);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.goto('/?kernels=tile_33#/self-check');
  await page.getByRole('button', { name: 'Time the forms' }).click();
  await expect(page.getByRole('alert')).toContainText('kernels names tile_33; allowed: ');
});
