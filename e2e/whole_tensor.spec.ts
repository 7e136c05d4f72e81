import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { readHeader, readTensor } from '../src/tensor/safetensors.ts';
import { memorySource } from '../src/tensor/source.ts';
import { digits3, whole } from '../src/study/view/format.ts';
import { measure } from '../src/ui/explore/weights/measure.ts';
import { standardDeviation } from '../src/ui/explore/weights/weights.ts';
import { expect, test } from './page.ts';

const FILE = 'public/models/nibble-tiny/model.safetensors';
const EMBEDDING = 'model.embed_tokens.weight';

/** All 81,920 weights of the embedding, measured here at once. */
async function expected(blocksize: number) {
  const source = memorySource(FILE, readFileSync(FILE));
  const header = await readHeader(source);
  const weights = await readTensor(
    source,
    header,
    header.tensors.find(({ name }) => name === EMBEDDING)!,
  );
  return measure(weights, blocksize, standardDeviation(weights), []);
}

async function openEmbedding(page: Page): Promise<void> {
  await page.goto('/');
  await page.getByRole('combobox', { name: 'Weights' }).selectOption('own');
  await page.locator('input[type=file]').first().setInputFiles(FILE);
  await expect(page.getByRole('combobox', { name: 'Tensor' })).toHaveValue(EMBEDDING);
}

const ALL = 'Bars and errors are of all 81,920 weights, the pictures below of the first 16,384.';

async function expectAll(page: Page, blocksize: number): Promise<void> {
  await expect(page.getByText(ALL)).toBeVisible();
  const { counts, errors } = await expected(blocksize);
  await expect(page.getByTestId('error-nf4')).toHaveText(digits3(errors.nf4));
  await expect(page.getByTestId('error-fp4')).toHaveText(digits3(errors.fp4));
  const bars = page.getByRole('table').filter({ hasText: 'How many scaled weights' });
  await expect(bars.locator('tbody td:nth-child(3)')).toHaveText(counts.map(whole));
}

test('all weights of a tensor are measured on the GPU, at every block size', async ({ page }) => {
  await openEmbedding(page);
  await page.getByText('View as table').first().click();
  await expectAll(page, 64);
  await expect(
    page.getByText(`81,920 weights of ${EMBEDDING} in model.safetensors, in blocks`),
  ).toBeVisible();
  await page.getByRole('slider', { name: 'Block size' }).press('End');
  await expectAll(page, 4096);

  // Outliers are planted among the weights on the screen.
  await page.getByRole('slider', { name: 'Outliers' }).press('ArrowRight');
  await expect(page.getByText('for the outliers were planted there')).toBeVisible();
  await expect(page.getByText(`The first 16,384 of 81,920 weights of ${EMBEDDING}`)).toBeVisible();
});

test('without WebGPU the CPU measures all of them', async ({ page }) => {
  // What a worker's script imports runs before it, but asks for no GPU.
  await page.route(/worker.*\.js$/, async (route) => {
    const response = await route.fetch();
    const body = `delete WorkerNavigator.prototype.gpu;${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await openEmbedding(page);
  await page.getByText('View as table').first().click();
  await expectAll(page, 64);
  expect(await page.workers()[0]!.evaluate(() => 'gpu' in navigator)).toBe(false);
});
