import { expect, test } from './page.ts';

test.describe('without WebGPU', () => {
  test.beforeEach(async ({ page }) => {
    await page.addInitScript(() => {
      Reflect.deleteProperty(Navigator.prototype, 'gpu');
    });
  });

  test('Explore answers every key', async ({ page }) => {
    await page.goto('/');
    const nf4 = page.getByTestId('error-nf4');
    await expect(nf4).toHaveText(/^0\.0\d+$/);
    await expect(page.getByText('No WebGPU: exploring works, runs do not')).toBeVisible();

    const slider = page.getByRole('slider', { name: 'Block size' });
    await expect(slider).toHaveAttribute('aria-valuetext', '64 weights per block');
    const before = Number(await nf4.textContent());
    await slider.focus();
    await page.keyboard.press('End');
    await expect(slider).toHaveAttribute('aria-valuetext', '4096 weights per block');
    await expect.poll(async () => Number(await nf4.textContent())).toBeGreaterThan(before);
    await page.keyboard.press('Home');
    await expect(slider).toHaveAttribute('aria-valuetext', '32 weights per block');
    await expect.poll(async () => Number(await nf4.textContent())).toBeLessThan(before);
  });

  test('a run says what is missing, and the rest of the page works', async ({ page }) => {
    await page.goto('/#/experiment');
    await page.getByRole('button', { name: /^Run \d/ }).click();
    await expect(page.getByRole('alert')).toContainText('This browser has no WebGPU');
    await page.getByRole('link', { name: 'Explore', exact: true }).click();
    await expect(page.getByTestId('error-nf4')).toHaveText(/^0\.0\d+$/);
  });
});

test('on uniform weights the ruler wins, and outliers cost', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('combobox', { name: 'Weights' }).selectOption('uniform');
  await page.getByRole('checkbox', { name: 'Show INT4' }).check();
  await expect(page.getByTestId('comparison')).toContainText('INT4 is lowest');
  const error = async (book: string) => Number(await page.getByTestId(`error-${book}`).textContent());
  expect(await error('int4')).toBeLessThan(await error('nf4'));

  const before = await error('nf4');
  await page.getByRole('slider', { name: 'Outliers' }).press('End');
  await expect.poll(() => error('nf4')).toBeGreaterThan(before);
});

test('the figure has a table twin, and terms explain themselves by keyboard', async ({ page }) => {
  await page.goto('/');
  await page.getByText('View as table').click();
  await expect(page.getByRole('table').first().getByRole('row')).toHaveCount(17);
  const term = page.getByRole('button', { name: 'absmax' }).first();
  await term.press('Enter');
  await expect(page.getByText('the largest magnitude in a block of weights').first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('the largest magnitude in a block of weights').first()).toBeHidden();
});

test('one’s own file: a tensor is shown, a corrupt one is refused in a sentence', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('combobox', { name: 'Weights' }).selectOption('own');
  const choose = page.locator('input[type=file]');
  await choose.setInputFiles('public/models/nibble-tiny/model.safetensors');
  await expect(page.getByRole('combobox', { name: /^Tensor/ })).toHaveValue('model.embed_tokens.weight');
  await expect(page.getByTestId('error-nf4')).toHaveText(/^0\.\d+$/);

  const claimsTooMuch = Buffer.alloc(64);
  claimsTooMuch.writeBigUInt64LE(1000n);
  await choose.setInputFiles({
    name: 'cut.safetensors',
    mimeType: 'application/octet-stream',
    buffer: claimsTooMuch,
  });
  await expect(page.getByRole('alert')).toContainText('cut.safetensors has a header of 1000 bytes');
  await expect(page.getByRole('alert')).toContainText('download it again');
});
