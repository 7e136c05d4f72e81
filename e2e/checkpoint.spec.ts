import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, LONG, smallSpec, specHash, test } from './page.ts';

const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
const saveButton = { name: 'Save NF4 · 64 as a bitsandbytes checkpoint' };

test('a quantized copy as downloads, and the same in a folder', async ({ page, context }) => {
  // A folder of the browser's own stands in for one of the disk: a picker cannot be clicked by a test.
  await context.addInitScript(() => {
    const at = globalThis as { showDirectoryPicker?: unknown };
    if (location.search === '?folder') at.showDirectoryPicker = () => navigator.storage.getDirectory();
    else delete at.showDirectoryPicker;
  });
  await page.goto(`/${await specHash(smallSpec())}`);
  await page.getByText('Keep a quantized copy').click();
  await expect(page.getByText('This browser lets no page write into a folder')).toBeVisible();
  await page.getByRole('button', saveButton).click();
  const saved = page.getByRole('status', { name: 'Saved checkpoint' });
  await expect(saved).toContainText('4 files ready', LONG);
  expect((await saved.getByRole('link').allTextContents()).sort()).toEqual(FILES);

  const hashes: string[] = [];
  for (const name of FILES) {
    const download = page.waitForEvent('download');
    await saved.getByRole('link', { name, exact: true }).click();
    const bytes = await readFile(await (await download).path());
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
    if (name !== 'config.json') continue;
    const config = JSON.parse(bytes.toString()) as { quantization_config: Record<string, unknown> };
    expect(config.quantization_config).toMatchObject({ load_in_4bit: true, bnb_4bit_quant_type: 'nf4' });
  }

  await page.goto(`/?folder${await specHash(smallSpec())}`);
  await page.getByText('Keep a quantized copy').click();
  await page.getByRole('button', saveButton).click();
  await expect(saved).toContainText('4 files written', LONG);
  const written = await page.evaluate(async (names) => {
    const folder = await navigator.storage.getDirectory();
    return Promise.all(
      names.map(async (name) => {
        const file = await (await folder.getFileHandle(name)).getFile();
        const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
        return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      }),
    );
  }, FILES);
  expect(written).toEqual(hashes);
});

test('a GGUF file is one download, which opens as a model', async ({ page }) => {
  const q8_0 = { quant_type: 'gguf', gguf_type: 'Q8_0', compute_dtype: 'float32' } as const;
  await page.addInitScript(
    () => delete (globalThis as { showDirectoryPicker?: unknown }).showDirectoryPicker,
  );
  await page.goto(`/${await specHash(smallSpec({ configs: [q8_0] }))}`);
  await page.getByText('Keep a quantized copy').click();
  await page.getByRole('button', { name: 'Save Q8_0 as a GGUF file' }).click();
  const saved = page.getByRole('status', { name: 'Saved checkpoint' });
  await expect(saved).toContainText('llama-cli -m nibble-tiny-Q8_0.gguf', LONG);
  const download = page.waitForEvent('download');
  await saved.getByRole('link', { name: 'nibble-tiny-Q8_0.gguf' }).click();
  const bytes = await readFile(await (await download).path());
  expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
});

test('what no tool can store is said, and what goes wrong', async ({ page }) => {
  const int4 = { quant_type: 'int4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
  await page.goto(`/${await specHash(smallSpec({ configs: [int4] }))}`);
  await page.getByText('Keep a quantized copy').click();
  await expect(page.getByText('No other tool loads any of these configurations from here.')).toBeVisible();

  await page.route('**/models/nibble-tiny/model.safetensors', (route) => route.abort());
  await page.goto('about:blank');
  await page.goto(`/${await specHash(smallSpec())}`);
  await page.evaluate(() => delete (globalThis as { showDirectoryPicker?: unknown }).showDirectoryPicker);
  await page.getByText('Keep a quantized copy').click();
  await page.getByRole('button', saveButton).click();
  await expect(page.getByRole('alert')).toContainText('The checkpoint could not be saved.');
});
