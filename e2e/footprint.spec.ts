import { readFileSync } from 'node:fs';
import { footprintRows, footprintText } from '../src/study/footprint_table.ts';
import { parseConfig } from '../src/model/config.ts';
import { expect, test } from './page.ts';

const MODELS = [
  'SmolLM2-135M',
  'SmolLM2-360M',
  'Qwen2.5-0.5B',
  'Llama-3.2-1B',
  'Qwen2.5-3B',
  'gpt2',
  'gpt2-ag-news',
];
const configOf = (name: string) =>
  parseConfig(JSON.parse(readFileSync(`public/configs/${name}.json`, 'utf8')));
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);

test('every model’s footprint is the one the command line prints', async ({ page }) => {
  await page.goto('/#/footprint');
  await page.getByText('View as table').click();
  const rows = page.getByRole('table').getByRole('row');
  for (const name of MODELS) {
    await page.getByRole('combobox', { name: 'Model' }).selectOption(name);
    await expect(page.getByText(`${name} has`)).toBeVisible();
    const expected = footprintRows(configOf(name)).map(({ name, rest, footprint }) => [
      name,
      rest,
      mib(footprint.bitsandbytes_bytes),
      mib(footprint.actual_bytes),
      footprint.bits_per_weight.toFixed(3),
    ]);
    const shown = await rows.evaluateAll((trs) =>
      trs
        .slice(1)
        .map((tr) => [...(tr as HTMLTableRowElement).cells].map(({ textContent }) => textContent))
        .map(([config, rest, counted, actual, , bits]) => [config, rest, counted, actual, bits]),
    );
    expect(shown, name).toEqual(expected);
    // Keys and values, and the adapter on q and v, as the text of the command line has them.
    const text = footprintText(configOf(name), 1024);
    await page.getByRole('slider', { name: 'Context' }).fill('3');
    const [, cache] = /keys and values of 1,024 tokens: ([\d.]+) MiB/.exec(text)!;
    const [, parameters] = /rank 16 on q, v: ([\d,]+) parameters/.exec(text)!;
    await expect(page.getByRole('main')).toContainText(`tokens take ${cache} MiB`);
    await expect(page.getByTestId('adapter')).toContainText(`${parameters} parameters`);
  }
});

test('GPT-2’s masks are counted when asked for; the address says what is shown', async ({ page }) => {
  await page.goto('/#/footprint?model=gpt2&context=512&rank=8&layers=attn.c_attn,mlp.c_fc');
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue('gpt2');
  await expect(page.getByRole('slider', { name: 'Context' })).toHaveAttribute(
    'aria-valuetext',
    /^512 tokens/,
  );
  await expect(page.getByRole('checkbox', { name: 'mlp.c_fc' })).toBeChecked();
  await page.getByText('View as table').click();
  const float32 = page.getByRole('row', { name: /^float32/ });
  await expect(float32).toContainText('474.70');
  await page.getByRole('checkbox', { name: /causal-mask buffers/ }).check();
  await expect(float32).toContainText('486.70');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('gpt2-ag-news');
  await expect(page.getByTestId('published')).toContainText('The published figures are the counted ones');
  await expect(page.getByRole('row', { name: 'LLM.int8()' })).toContainText('168.36 MiB');

  await page.getByRole('combobox', { name: 'Model' }).selectOption('SmolLM2-135M');
  await expect(page).toHaveURL(/model=SmolLM2-135M&context=512&rank=8/);
  await page.reload();
  await expect(page.getByText('SmolLM2-135M has')).toBeVisible();
  await page.getByRole('checkbox', { name: 'down_proj' }).check();
  await expect(page).toHaveURL(/layers=.*down_proj/);
});

test('a config.json of one’s own, or why it cannot be used', async ({ page }) => {
  await page.goto('/#/footprint');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('own');
  const choose = page.locator('input[type=file]');
  await choose.setInputFiles('public/models/nibble-tiny/config.json');
  await expect(page.getByText(/^The model of this file has [\d,]+ parameters/)).toBeVisible();
  await choose.setInputFiles({
    name: 'config.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"architectures": ["BertModel"]}'),
  });
  await expect(page.getByRole('alert')).toContainText('The model is a BertModel');
});
