import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { ExperimentResult } from '../src/study/result.ts';
import { parseConfigs } from '../src/study/spec.ts';
import { layoutFaults } from './layout.ts';
import {
  digestOf,
  expect,
  LONG,
  resultTable,
  runButton,
  runState,
  runToResults,
  smallSpec,
  test,
} from './page.ts';

const FP4 = { quant_type: 'fp4', blocksize: 4096, double_quant: false, compute_dtype: 'float32' } as const;
/** Made by a text of the page, since the model's own takes longer to write. */
const GPTQ = parseConfigs([
  { quant_type: 'gptq', group_size: 32, calibration: { text: 'mini_text', tokens: 64, seed: 0 } },
])[0]!;
const FLOAT32 = { quant_type: 'none', compute_dtype: 'float32' } as const;

async function textOf(page: Page, button: string): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button, exact: true }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

test('disagreements: the four counts are the filter, and an item can be read', async ({ page }) => {
  await runToResults(
    page,
    smallSpec({
      configs: [FLOAT32, FP4],
      tasks: [
        { task: 'mini_arc', limit: 40 },
        { task: 'mini_text', limit: 2 },
      ],
    }),
  );
  const result = JSON.parse((await textOf(page, 'Save as JSON')).text) as ExperimentResult;
  const accs = result.runs.map(({ tasks }) =>
    tasks[0]!.items.map((item) => (item.output_type === 'multiple_choice' ? item.acc : -1)),
  );
  const both = accs[0]!.filter((acc, i) => acc === 1 && accs[1]![i] === 1).length;
  const neither = accs[0]!.filter((acc, i) => acc === 0 && accs[1]![i] === 0).length;
  await expect(page.getByRole('button', { name: /^both right: / })).toHaveAccessibleName(
    `both right: ${both}`,
  );
  const wrong = page.getByRole('button', { name: /^both wrong: / });
  await expect(wrong).toHaveAccessibleName(`both wrong: ${neither}`);

  const right = page.getByRole('button', { name: /^both right: / });
  await right.click();
  await expect(right).toHaveAttribute('aria-pressed', 'true');
  await expect(
    page.getByText(`${both} question${both === 1 ? '' : 's'} of 40, the largest change`),
  ).toBeVisible();
  const item = page.getByRole('listitem').filter({ hasText: 'both right' }).first();
  await item.locator('summary').click();
  await expect(item).toContainText(', the right answer');
  await expect(item.getByText(/^−\d+\.\d\d, chosen$/)).toHaveCount(2);

  await page.getByRole('combobox', { name: 'Questions' }).selectOption('Mini text');
  await expect(page.getByText('A text has no right and wrong')).toBeVisible();
});

test('reports: HTML without a request, Markdown, a row an answer', async ({ page, context }) => {
  const spec = smallSpec();
  await runToResults(page, { ...spec, configs: [...spec.configs, GPTQ] });
  const csv = await textOf(page, 'Save items, CSV');
  expect(csv.text.trim().split('\r\n')).toHaveLength(1 + 3 * 2);
  const markdown = await textOf(page, 'Save report, Markdown');
  expect(markdown.name).toBe('a-small-experiment-report.md');
  expect(markdown.text).toContain(
    '#/experiment?title=A+small+experiment&model=nibble-tiny&configs=none,nf4,gptq:group_size=32:calibration=mini_text/64/0&',
  );
  const html = await textOf(page, 'Save report, HTML');
  const report = await context.newPage();
  const asked: string[] = [];
  report.on('request', (request) => asked.push(request.url()));
  await report.setContent(html.text);
  await expect(report.getByRole('heading', { name: 'A small experiment' })).toBeVisible();
  await expect(report.locator('svg')).not.toHaveCount(0);
  expect(asked).toEqual([]);

  // Layers' errors are there for every configuration, by the same text, and read without a mouse on a telephone.
  const losses = page.getByRole('region', { name: 'What the layers lose' });
  await expect(losses.getByRole('row')).toHaveCount(1 + 2);
  await expect(page.getByText('Measured on 64 tokens of Mini text')).toBeVisible();
  await expect(page.getByText(/GPTQ · g32 is number \d of 2 by the error of the weights/)).toBeVisible();
  const layers = page.getByText('GPTQ · g32, layer by layer');
  await layers.focus();
  await page.keyboard.press('Enter');
  const table = page.getByRole('region', { name: 'Errors of GPTQ · g32 by layer' });
  await expect(table.getByRole('row')).toHaveCount(1 + 28);
  await expect(table.getByRole('row').nth(1)).toContainText(/model\.layers\.0.*\d\.\d\d %.*\d\.\d\d %/);
  await page.setViewportSize({ width: 360, height: 800 });
  await expect.poll(() => page.evaluate(layoutFaults)).toEqual([]);
  expect(markdown.text).toContain('## What the layers lose');
});

test('history: found, renamed, exported, deleted, imported, compared', async ({ page }) => {
  await runToResults(page, smallSpec({ title: 'First of all' }));
  await runToResults(page, smallSpec({ title: 'Second', configs: [FLOAT32] }));
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await page.getByRole('searchbox').fill('nf4 first');
  await expect(page.getByRole('listitem')).toHaveCount(1);
  await page.getByRole('button', { name: 'Rename First of all' }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill('Renamed NF4');
  await page.keyboard.press('Enter');
  await page.getByRole('searchbox').fill('nf4 renamed');
  await expect(page.getByRole('link', { name: 'Renamed NF4' })).toBeVisible();
  await page.getByRole('searchbox').fill('');
  const { text } = await textOf(page, 'Export all');
  expect(JSON.parse(text)).toHaveLength(2);

  await page.getByLabel('Result files').setInputFiles({
    name: 'all.json',
    mimeType: 'application/json',
    buffer: Buffer.from(text),
  });
  await expect(page.getByText('2 runs imported.')).toBeVisible();
  await expect(page.getByText('measured elsewhere')).toHaveCount(2);
  const newer = (JSON.parse(text) as object[]).map((result) => ({ ...result, version: 9 }));
  await page.getByLabel('Result files').setInputFiles({
    name: 'bad.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(newer)),
  });
  await expect(page.getByRole('alert')).toContainText('bad.json: version is 9; allowed: 1.');

  const boxes = page.getByRole('checkbox', { name: /^Compare Renamed NF4/ });
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.getByRole('link', { name: 'Compare the two chosen runs' }).click();
  await expect(page.getByText('Reproduced bit for bit: all 4 answers are the same.')).toBeVisible();
  await expect(page.getByText('Nothing that the records hold')).toBeVisible();
});

test('results in a link: nothing runs unasked, and a re-run says whether they hold', async ({
  page,
  context,
  browser,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await runToResults(page, smallSpec({ title: 'Look at this' }));
  const digest = await digestOf(page);
  await page.getByRole('button', { name: 'Copy link with results' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.length).toBeLessThan(8000);

  const fresh = await browser.newContext();
  const theirs = await fresh.newPage();
  const asked: string[] = [];
  theirs.on('request', (request) => asked.push(request.url()));
  await theirs.goto(link);
  await expect(theirs.getByText('Shared results, not re-run here.')).toBeVisible();
  await expect(resultTable(theirs)).toContainText('NF4 · 64');
  expect(asked.filter((url) => /\/models\//.test(url))).toEqual([]);

  await theirs.getByRole('button', { name: 'Re-run on my GPU' }).click();
  await expect(runState(theirs)).toHaveText('Done', LONG);
  await theirs.getByRole('link', { name: 'Open the results' }).click();
  await expect(theirs.getByText('Reproduced bit for bit: all 4 answers are the same.')).toBeVisible();
  expect(await digestOf(theirs)).toBe(digest);
  await fresh.close();

  await page.goto(`/#/results?shared=${link.split('shared=')[1]!.slice(0, -9)}`);
  await expect(page.getByRole('alert')).toContainText('The link is damaged');
  await expect(runButton(page)).toHaveCount(0);
});
