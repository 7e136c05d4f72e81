import { expect, test as base, type Locator, type Page } from '@playwright/test';
import { specHash } from '../src/study/permalink.ts';
import { parseSpec, type ExperimentSpec } from '../src/study/spec.ts';

export { expect, specHash };

/** A test that also fails when a page complains: no console errors, no uncaught rejections, on any page it opens. */
export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      context.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      context.on('weberror', (error) => complaints.push(error.error().message));
      await use(undefined);
      expect(complaints, 'what the pages complained about').toEqual([]);
    },
    { auto: true },
  ],
});

/** A small experiment on the model that comes with the page; the parts a test cares about can be given. */
export const smallSpec = (parts: Partial<ExperimentSpec> = {}): ExperimentSpec =>
  parseSpec({
    version: 1,
    title: 'A small experiment',
    model: { source: 'bundled', name: 'nibble-tiny' },
    configs: [
      { quant_type: 'none', compute_dtype: 'float32' },
      { quant_type: 'nf4', blocksize: 64, compute_dtype: 'float32' },
    ],
    tasks: [{ task: 'mini_arc', limit: 2 }],
    seed: 7,
    ...parts,
  });

/** The button that starts a run. */
export const runButton = (page: Page): Locator => page.getByRole('button', { name: /^Run \d/ });

/** Where the live view says how the run stands. */
export const runState = (page: Page): Locator => page.getByTestId('run-state');

/** How long an end is waited for that takes a run, a download or a check of every kernel. */
export const LONG = { timeout: 600_000 };

/** The table of a result, a row a configuration. */
export const resultTable = (page: Page): Locator =>
  page.getByRole('region', { name: 'Results by configuration' }).getByRole('table');

/** Opens a spec's link, runs it to its end and opens its results. */
export async function runToResults(page: Page, spec: ExperimentSpec, path = '/'): Promise<void> {
  await page.goto(`${path}${await specHash(spec)}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(resultTable(page)).toBeVisible();
}

/** The digest of the run whose results are open. */
export async function digestOf(page: Page): Promise<string> {
  await page.getByText('Where these numbers come from').click();
  const digest = await page.getByTestId('digest').textContent();
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  return digest!;
}
