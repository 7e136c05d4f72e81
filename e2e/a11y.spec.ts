import type { Page } from '@playwright/test';
import { expectNoViolationsInAnyColours } from './axe.ts';
import { expect, LONG, runButton, runState, runToResults, smallSpec, specHash, test } from './page.ts';
import { openScreen, SCREENS, screensOf, unfold, type Screen } from './screens.ts';

/** Opens every screen anew, those of a finished run first, with all that can be unfolded unfolded. */
async function eachScreen(page: Page, visit: (screen: Screen) => Promise<void>): Promise<void> {
  await runToResults(page, smallSpec());
  const own: Screen = {
    name: 'a run measured here',
    address: new URL(page.url()).hash,
    ready: 'Share and keep',
  };
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  for (const screen of [own, ...(await screensOf(page, await (await download).path())), ...SCREENS]) {
    await openScreen(page, screen);
    await unfold(page, screen);
    await visit(screen);
  }
}

test('on no screen does axe find anything', async ({ page }) => {
  test.slow();
  await eachScreen(page, ({ name, part }) => expectNoViolationsInAnyColours(page, name, part));
});

test('axe finds nothing while a run is on', async ({ page }) => {
  const tasks = [{ task: 'mini_arc', limit: 200 }] as const;
  await page.goto(`/${await specHash(smallSpec({ tasks: [...tasks] }))}`);
  await runButton(page).click();
  await expect(page.getByText('Just answered')).toBeVisible(LONG);
  await expectNoViolationsInAnyColours(page, 'a run in progress');
  await expect(runState(page)).toContainText('% done');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(runState(page)).toContainText('Stopped');
  await expectNoViolationsInAnyColours(page, 'a stopped run');
});

test('the colours follow the system until the reader chooses, and the choice is remembered', async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/');
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(await background()).toBe('rgb(20, 23, 28)');
  await page.getByRole('button', { name: /^Colours: system/ }).click();
  expect(await background()).toBe('rgb(251, 250, 247)');
  await page.reload();
  await expect(page.getByRole('button', { name: /^Colours: light/ })).toBeVisible();
  expect(await background()).toBe('rgb(251, 250, 247)');
});
