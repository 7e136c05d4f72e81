import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, runToResults, smallSpec, test } from './page.ts';

/** Every screen as a reader may find it; the run's page is added by the test that has one. */
const SCREENS = [
  '#/experiment',
  '#/results',
  '#/footprint',
  '#/footprint?model=gpt2-ag-news',
  '#/self-check',
  '#/lessons',
  '#/explore?weights=uniform&int4=1&plant=1&code=-1000,-700,-500,-400,-300,-200,-100,0,80,160,240,340,440,560,720,1000',
  '#/nowhere',
  '#/experiment?spec=1.x',
];

async function expectNoViolations(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect.soft(found, where).toEqual([]);
}

/** Opens every screen anew, that of a finished run first, with all that can be unfolded unfolded. */
async function eachScreen(page: Page, visit: (hash: string) => Promise<void>): Promise<void> {
  await runToResults(page, smallSpec());
  const results = new URL(page.url()).hash;
  for (const hash of [results, ...SCREENS]) {
    await page.goto('about:blank');
    await page.goto(`/${hash}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    if (hash === results) await expect(page.getByRole('table').first()).toBeVisible();
    for (const [i, summary] of (await page.locator('summary').all()).entries()) {
      // Every figure of Explore has the same kind of table, and axe takes a second for a few hundred cells.
      if (!hash.startsWith('#/explore') || i < 2) await summary.click();
    }
    await visit(hash);
  }
}

test('axe finds nothing, in light and in dark', async ({ page }) => {
  test.slow();
  await eachScreen(page, async (hash) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectNoViolations(page, `${hash}, ${colorScheme}`);
    }
  });
});

test('no screen scrolls sideways on a small phone', async ({ page }) => {
  test.slow();
  await eachScreen(page, async (hash) => {
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 740 });
      const beyond = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await expect.poll(beyond, `${hash} at ${width} px`).toBe(0);
    }
  });
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
