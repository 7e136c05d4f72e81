import type { Page } from '@playwright/test';
import { expect, runState, smallSpec, specHash, test } from './page.ts';

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
  await expect(runState(page)).toHaveText('Done', { timeout: 90_000 });
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
