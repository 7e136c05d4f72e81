import type { Page } from '@playwright/test';
import { expect, LONG, runState, runToResults, smallSpec, specHash, test } from './page.ts';
import { openScreen, screensOf } from './screens.ts';

/** Tabs on until the focused element has this accessible name; no mouse, no jumping. */
async function tabTo(page: Page, name: RegExp, most = 120): Promise<void> {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const own = document.activeElement as HTMLElement;
      const labels = (own as HTMLInputElement).labels;
      return own.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? own.textContent ?? '';
    });
    if (name.test(found.trim())) return;
  }
  throw new Error(`Tab never came to ${name}.`);
}

/** Another screen of the open page: the one before it stays until the new one's code is here. */
async function open(page: Page, address: string, heading: string): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeFocused();
}

test('Explore by keyboard: the block size, an outlier, a step, the own codebook', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByTestId('arithmetic')).toBeVisible();
  await tabTo(page, /^Block size$/);
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('slider', { name: 'Block size' })).toHaveAttribute('aria-valuetext', /^128/);
  await tabTo(page, /^Start from NF4$/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Plant an outlier here$/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('The outlier in block 0')).toBeVisible();
  await tabTo(page, /^Step$/);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('arithmetic')).toHaveText(/^Weight 1: /);
});

test('an experiment by keyboard, from the builder to an item of the results', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec())}`);
  await tabTo(page, /^Run 2 configurations$/);
  await page.keyboard.press('Enter');
  await expect(runState(page)).toHaveText('Done', LONG);
  await tabTo(page, /^Open the results$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await tabTo(page, /^both (right|wrong): [12]$/);
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await tabTo(page, /nats of lead$/);
  await page.keyboard.press('Enter');
  await expect(page.getByText(', the right answer').filter({ visible: true })).toHaveCount(1);
});

test('shared results and two runs by keyboard', async ({ page }) => {
  await runToResults(page, smallSpec());
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  const screens = await screensOf(page, await (await download).path());
  const shared = screens.find(({ name }) => name === 'shared results')!;

  await openScreen(page, shared);
  await tabTo(page, /^Bits per weight/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('columnheader', { name: 'Bits per weight' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  await openScreen(page, shared);
  await tabTo(page, /^Keep in my results$/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Share and keep')).toBeVisible();

  await open(page, '/#/results', 'Results');
  for (let i = 0; i < 2; i++) {
    await tabTo(page, /^Compare A small experiment/);
    await page.keyboard.press('Space');
  }
  await expect(page.getByRole('checkbox', { checked: true })).toHaveCount(2);
  await tabTo(page, /^Compare the two chosen runs$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Two runs side by side' })).toBeFocused();
  await tabTo(page, /^A small experiment$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'A small experiment' })).toBeFocused();
});

test('the other screens by keyboard', async ({ page }) => {
  await page.goto('/#/results');
  await tabTo(page, /^Footprint$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await tabTo(page, /^Context$/);
  await page.keyboard.press('End');
  await expect(page.getByRole('slider', { name: 'Context' })).toHaveAttribute('aria-valuetext', /^131,072/);

  await open(page, '/#/lessons', 'Learn it by doing it');
  await tabTo(page, /^Begin: Why absmax$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Lesson: Why absmax' })).toContainText('card 1');
  await open(page, '/#/self-check', 'Does this GPU compute what it should?');
  await tabTo(page, /^Check/);
});
