import { readFile } from 'node:fs/promises';
import { parseBenchReport } from '../src/study/bench/bench_report.ts';
import { expectNoViolationsInAnyColours } from './axe.ts';
import { layoutFaults } from './layout.ts';
import { expect, LONG, test } from './page.ts';

test('kernels are timed beside the ceiling, and the result can be copied and kept', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/#/speed');
  await page.getByRole('button', { name: 'Time this GPU' }).click();
  await expect(page.getByTestId('speed-rows').getByRole('row').nth(1)).toBeVisible(LONG);
  await expect(page.getByTestId('speed-summary')).toHaveText(/^\d+ kernels timed\.$/, LONG);
  const rows = await page.getByTestId('speed-rows').getByRole('row').count();
  await expect(page.getByText('NF4 can be')).toBeVisible();
  await page.getByRole('button', { name: 'Copy the card' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('agreement with the CPU');
  const downloaded = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  const path = await (await downloaded).path();
  const report = parseBenchReport(JSON.parse(await readFile(path, 'utf8')));
  expect(report.rows.length).toBe(rows - 1);
  expect(report.gaps).toEqual([]);
  await page.setViewportSize({ width: 360, height: 800 });
  await expect.poll(() => page.evaluate(layoutFaults)).toEqual([]);
  await expectNoViolationsInAnyColours(page, 'Speed, timed');
});
