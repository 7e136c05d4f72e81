import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { specOfQuery } from '../src/study/permalink.ts';
import { headerOf, plannedBytes } from '../src/tensor/write_safetensors.ts';
import {
  digestOf,
  expect,
  LONG,
  runButton,
  runState,
  runToResults,
  smallSpec,
  specHash,
  test,
} from './page.ts';

/** The spec the page's address carries once it has one that passes. */
const addressed = async (url: string) => specOfQuery(url.split('/experiment?')[1]!);

test('a question to begin with sets the configurations and leaves the rest', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec())}`);
  await page.getByRole('button', { name: 'One thing at a time' }).click();
  await expect(runButton(page)).toHaveText('Run 6 configurations');
  await expect(page.getByTestId('sentence')).toHaveText(
    'Compare FP4 · 64, INT4 · 64, NF4 · 256, NF4 · 64 · double quant and NF4 · 64 · float16 with NF4 · 64 on 2 questions of Mini ARC, with nibble-tiny, seed 7.',
  );
  await expect(page.getByLabel('Title')).toHaveValue('One thing at a time');
  await expect.poll(async () => (await addressed(page.url())).configs.length).toBe(6);
});

test('the sentence follows the draft, and each part of it leads to its fields', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 500 });
  await page.goto(`/${await specHash(smallSpec())}`);
  const sentence = page.getByTestId('sentence');
  const part = (name: string) => sentence.getByRole('button', { name, exact: true });
  await part('2 questions of Mini ARC').click();
  const questions = page.getByRole('region', { name: 'Questions' });
  await expect(questions).toBeFocused();
  await expect(questions.getByRole('heading')).toBeInViewport();
  await page.getByLabel('Items of Mini ARC').fill('1');
  await expect(part('1 question of Mini ARC')).toBeVisible();

  for (const [name, key, fields, next] of [
    ['float32', 'Enter', page.getByRole('group', { name: 'float32', exact: true }), 'Weights'],
    ['NF4 · 64', 'Space', page.getByRole('region', { name: 'Configurations' }), 'baseline'],
    ['nibble-tiny', 'Enter', page.getByRole('region', { name: 'Model' }), 'This page'],
    ['7', 'Space', page.getByRole('group', { name: 'Seed' }), 'Seed'],
  ] as const) {
    await part(name).focus();
    await page.keyboard.press(key);
    await expect(fields).toBeFocused();
    await expect(fields).toBeInViewport();
    await page.keyboard.press('Tab');
    await expect(fields.locator(':focus')).toHaveAccessibleName(next);
  }
});

test('a sentence says what a class link does not let change', async ({ page }) => {
  await page.goto(`/?hide=model,seed${await specHash(smallSpec())}`);
  const sentence = page.getByTestId('sentence');
  await expect(sentence).toHaveText(
    'Compare NF4 · 64 with float32 on 2 questions of Mini ARC, with nibble-tiny, seed 7.',
  );
  await expect(sentence.getByRole('button')).toHaveText(['NF4 · 64', 'float32', '2 questions of Mini ARC']);
});

test('layers to leave as they are: in the name, in the link, refused by name', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec())}`);
  await page.getByText('Advanced').click();
  const layers = page.getByLabel(/^Layers to leave as they are/);
  await layers.fill('down_proj, model.layers.0');
  await layers.press('Enter');
  await expect(page.getByText('NF4 · 64, without down_proj, model.layers.0').first()).toBeVisible();
  await expect
    .poll(async () => (await addressed(page.url())).configs[1])
    .toMatchObject({ skip_modules: ['down_proj', 'model.layers.0'] });

  await layers.fill('down-proj');
  await layers.blur();
  await expect(page.getByRole('alert')).toContainText('configs[1].skip_modules[0] is "down-proj"');
  await expect(runButton(page)).toBeDisabled();
  await layers.fill('');
  await layers.blur();
  await expect(runButton(page)).toBeEnabled();
});

test('some layers in another format, by hand and by what each costs', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec())}`);
  await page.getByText('Advanced').click();
  await page.getByRole('button', { name: 'Some layers in another format' }).click();
  await expect(page.getByText('NF4 · 64, down_proj as INT8 per row').first()).toBeVisible();
  await expect
    .poll(async () => (await addressed(page.url())).configs[1])
    .toMatchObject({ by_layer: [{ modules: ['down_proj'], as: { quant_type: 'int8' } }] });
  await page.getByRole('button', { name: 'Remove line 1, NF4 · 64, down_proj as INT8 per row' }).click();

  await page.getByText('Mix formats by layer, under a budget').click();
  await page.getByRole('button', { name: 'Measure each layer in 1 format' }).click();
  const budget = page.getByRole('slider', { name: 'Budget' });
  await budget.focus();
  await page.keyboard.press('Home');
  await expect(page.getByText(/^NF4 · 64: about .* nats of KL a token/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'This mix is among the configurations' })).toBeDisabled();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('button', { name: 'Add this mix' }).click();
  await expect(page.getByRole('button', { name: 'This mix is among the configurations' })).toBeVisible();
  await expect
    .poll(async () => (await addressed(page.url())).configs[2])
    .toMatchObject({ quant_type: 'nf4', by_layer: [{ as: { quant_type: 'none' } }] });
});

/** Writes a LoRA adapter for the bundled model whose B is zero: what it adds is zero, whatever A is. */
async function writeZeroAdapter(folder: string): Promise<void> {
  const name = 'base_model.model.model.layers.0.self_attn.q_proj';
  const { hidden_size } = JSON.parse(await readFile('public/models/nibble-tiny/config.json', 'utf8')) as {
    hidden_size: number;
  };
  const tensors = [
    { name: `${name}.lora_A.weight`, dtype: 'F32', shape: [4, hidden_size] },
    { name: `${name}.lora_B.weight`, dtype: 'F32', shape: [hidden_size, 4] },
  ];
  const size = tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
  await mkdir(folder, { recursive: true });
  await writeFile(
    `${folder}/adapter_model.safetensors`,
    Buffer.concat([headerOf(tensors), Buffer.alloc(size)]),
  );
  const config = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj'] };
  await writeFile(`${folder}/adapter_config.json`, JSON.stringify(config));
}

test('an adapter from a folder: one of zeros changes no answer; then the next run is estimated', async ({
  page,
}, info) => {
  await runToResults(page, smallSpec());
  const bare = await digestOf(page);

  const folder = info.outputPath('zero-adapter');
  await writeZeroAdapter(folder);
  await page.goto(`/${await specHash(smallSpec())}`);
  await expect(page.getByTestId('estimate')).toContainText(/take up to about [\d.]+ [kM]B of GPU memory/);
  await expect(page.getByTestId('estimate')).toContainText(/it takes about \d+( to \d+)? s/);
  await page.getByText('An adapter on top').click();
  await page.getByRole('radio', { name: 'Folder' }).nth(1).check();
  await expect(page.getByText('Choose the folder of the adapter first.')).toBeVisible();
  await page.getByLabel('Choose the folder of the adapter').setInputFiles(folder);
  await expect(page.getByText('The adapter “zero-adapter” is read from a folder')).toBeVisible();
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  expect(await digestOf(page)).toBe(bare);
});
