import type { Locator, Page } from '@playwright/test';
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
  await page.getByText('View as table').first().click();
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
  const choose = page.locator('input[type=file]').first();
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

test('a value is moved by keyboard and by hand; the address carries the codebook', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Start from NF4' }).press('Enter');
  const slider = page.getByRole('slider', { name: /^Values of your codebook/ });
  const yours = page.getByTestId('error-custom');
  await expect(yours).toHaveText((await page.getByTestId('error-nf4').textContent())!);
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', 'value 10 of 16: 0.161');
  const before = Number(await yours.textContent());
  await page.keyboard.press('Shift+ArrowUp');
  await expect(slider).toHaveAttribute('aria-valuetext', 'value 10 of 16: 0.211');
  await expect.poll(async () => Number(await yours.textContent())).toBeGreaterThan(before);
  await expect(page).toHaveURL(/code=-1000,.*,211,246/);
  await page.keyboard.press('Escape');
  await expect(slider).toHaveAttribute('aria-valuetext', 'value 10 of 16: 0.161');

  // By hand: the outermost value to the left by a tenth of the width.
  const box = (await slider.boundingBox())!;
  const right = box.x + box.width - 12;
  await page.mouse.move(right, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(right - box.width / 10, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(slider).toHaveAttribute('aria-valuetext', /^value 16 of 16: 0\.[78]/);
  const moved = await slider.getAttribute('aria-valuetext');
  await expect(page).toHaveURL(/code=.*,[78]\d\d$/);
  await page.reload();
  await expect(slider).toBeVisible();
  for (let i = 0; i < 7; i++) await slider.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', moved!);
});

test('Lloyd-Max beats NF4 in squared error, and the codebook goes to an experiment', async ({ page }) => {
  await page.goto('/#/explore?weights=laplace&block=4096');
  const nf4 = Number(await page.getByTestId('error-nf4').textContent());
  const step = page.getByRole('button', { name: 'One Lloyd-Max step' });
  for (let i = 0; i < 5; i++) await step.click();
  await expect
    .poll(async () => Number(await page.getByTestId('error-custom').textContent()))
    .toBeLessThan(nf4);
  await page.getByRole('button', { name: 'Send this codebook to an experiment' }).click();
  await expect(page.getByText('CUSTOM · 4096').last()).toBeVisible();
  await expect(page).toHaveURL(/experiment\?.*custom:blocksize=4096:code=/);
});

test('the strips share one block: an outlier there, and a weight step by step', async ({ page }) => {
  await page.goto('/#/explore?weights=normal');
  const block = page.locator('#block-strip').getByRole('slider', { name: 'Block', exact: true });
  await block.press('ArrowRight');
  await block.press('ArrowRight');
  await expect(block).toHaveAttribute('aria-valuetext', 'block 2 of 256');
  await page.getByRole('button', { name: 'Plant an outlier here' }).click();
  await expect(page.getByText('The outlier in block 2 raised its absmax')).toBeVisible();
  await expect(page.getByText('The other 255 blocks did not change')).toBeVisible();
  await expect(page).toHaveURL(/at=2&plant=1/);

  const sentence = page.getByTestId('arithmetic');
  await expect(sentence).toHaveText(/^Weight 0: /);
  for (let i = 0; i < 32; i++) await page.getByRole('button', { name: 'Step', exact: true }).click();
  await expect(sentence).toHaveText(/^Weight 32: 10\.\d+ ÷ absmax 10\.\d+ = 1\.0000 → nibble f, 1\.0000 → /);
  await page.getByRole('radio', { name: 'FP4' }).first().check();
  await expect(sentence).toContainText('nibble 3, 1.0000');
});

test('pasted numbers, and a map of the layers that opens one', async ({ page }) => {
  await page.goto('/#/explore');
  await page.getByRole('combobox', { name: 'Weights' }).selectOption('pasted');
  await page.getByRole('textbox').first().fill('0.231, -0.94, 0.5, 0, -0.31, 0.72, -0.05, 0.12');
  await expect(page.getByText('8 numbers', { exact: true })).toBeVisible();
  await expect(page.getByTestId('arithmetic')).toContainText(
    'Weight 0: 0.2310 ÷ absmax 0.9400 = 0.2457 → nibble a, 0.2461 → × 0.9400 = 0.2313, error 0.0003.',
  );
  await page.getByRole('button', { name: 'Map the model that comes with the page' }).click();
  const cell = page.getByRole('button', {
    name: /^model\.layers\.1\.mlp\.up_proj\.weight, error 0\.\d+: open$/,
  });
  await cell.click();
  await expect(page.getByText('weights of model.layers.1.mlp.up_proj.weight in nibble-tiny')).toBeVisible();
});

test('double quantization and LLM.int8() answer their sliders', async ({ page }) => {
  await page.goto('/#/explore');
  await expect(page.getByText(/Bits per weight go from 4\.500 to 4\.1\d\d/)).toBeVisible();
  const threshold = page.getByRole('slider', { name: 'Threshold' });
  await expect(page.getByText('From 6.0 on, 2 columns of 14 are multiplied in floats')).toBeVisible();
  await threshold.press('Home');
  await expect(page.getByText('Nothing is left out')).toBeVisible();
});

/** Pulls a handle by so many pixels, and looks before it is let go. */
async function pull(
  page: Page,
  handle: Locator,
  [dx, dy]: readonly [number, number],
  look: () => Promise<void>,
): Promise<void> {
  await handle.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await handle.boundingBox())!;
  const [left, top] = [x + width / 2, y + height / 2];
  await page.mouse.move(left, top);
  await page.mouse.down();
  await page.mouse.move(left + dx, top + dy, { steps: 4 });
  await look();
  await page.mouse.up();
}

test('the edge of a block is pulled, and snaps to the block sizes', async ({ page }) => {
  await page.goto('/#/explore?weights=student&at=2&weight=5');
  const edge = page.getByRole('slider', { name: /^Edge of the block/ });
  await expect(edge).toHaveAttribute('aria-valuetext', '64 weights per block');
  const error = async () => Number(await page.getByTestId('error-nf4').textContent());
  const before = await error();
  // A quarter of the strip is a block of 64.
  const quarter = ((await page.locator('#block-strip .picture').boundingBox())!.width - 60) / 4;
  await pull(page, edge, [1.1 * quarter, 0], async () => {
    await expect(edge).toHaveAttribute('aria-valuetext', '128 weights per block');
    expect(await error()).toBeGreaterThan(before);
  });
  await expect(page.getByRole('slider', { name: 'Block size' })).toHaveAttribute(
    'aria-valuetext',
    '128 weights per block',
  );
  // Weight 5 of block 2 was the 133rd; the pull took the block's first one along.
  await expect(page).toHaveURL(/block=128&at=1(&|$)/);
  await edge.press('ArrowLeft');
  await edge.press('ArrowLeft');
  await expect(edge).toHaveAttribute('aria-valuetext', '32 weights per block');
  await expect(page).toHaveURL(/block=32&at=4(&|$)/);
  await edge.press('End');
  await expect(edge).toHaveAttribute('aria-valuetext', '4096 weights per block');
});

test('an outlier is pulled up and along, by hand and by keyboard', async ({ page }) => {
  await page.goto('/#/explore?weights=normal&at=2&plant=1');
  const outlier = page.getByRole('slider', { name: /^Outlier: / });
  const says = (text: string) => expect(outlier).toHaveAttribute('aria-valuetext', text);
  await says('10.0 standard deviations, weight 32 of block 2');
  const sentence = page.getByText('The outlier in block 2 raised its absmax');
  const before = await sentence.textContent();
  await outlier.press('ArrowDown');
  await says('9.5 standard deviations, weight 32 of block 2');
  await expect(sentence).not.toHaveText(before!);
  await outlier.press('Shift+ArrowRight');
  await says('9.5 standard deviations, weight 42 of block 2');
  await outlier.press('Home');
  await says('10.0 standard deviations, weight 42 of block 2');

  // Down through zero to the other side: 156 pixels are 24 times 1.08 deviations.
  await pull(page, outlier, [0, (15 * 156) / (24 * 1.08)], async () => {
    await expect(outlier).toHaveAttribute('aria-valuetext', /^−[45]\.\d standard deviations, weight 42/);
  });
  const quarter = ((await page.locator('#block-strip .picture').boundingBox())!.width - 60) / 4;
  await pull(page, outlier, [quarter, 0], async () => {
    await expect(outlier).toHaveAttribute(
      'aria-valuetext',
      /^−[45]\.\d standard deviations, weight 42 of block 3$/,
    );
    await expect(page.getByText('The outlier in block 3 raised its absmax')).toBeVisible();
  });
  await expect(page).toHaveURL(/plant=1&plant_at=234&plant_sd=-[45]\d/);
  const left = (await outlier.getAttribute('aria-valuetext'))!;
  await page.reload();
  await says(left);
});

test('a block’s scale by keyboard, by a rule, and in another format', async ({ page }) => {
  await page.goto('/#/explore?weights=normal');
  const scale = page.getByRole('slider', { name: /^Scale of the block/ });
  const yours = page.getByTestId('rule-yours');
  await expect(scale).toHaveAttribute('aria-valuenow', '1');
  const before = await yours.textContent();
  await scale.press('Shift+ArrowLeft');
  await expect(scale).toHaveAttribute('aria-valuenow', '0.9');
  await expect(yours).not.toHaveText(before!);
  await expect(page).toHaveURL(/scale=90/);
  await page.getByRole('button', { name: 'floor', exact: true }).click();
  const floor = page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'floor', exact: true }) });
  await expect(floor).toContainText((await yours.textContent())!);
  await page.getByRole('group', { name: 'Format of the scale' }).getByRole('radio', { name: 'NF4' }).check();
  await expect(page).toHaveURL(/scale_of=nf4/);
  const share = async (rule: string) =>
    Number.parseFloat((await page.getByTestId(`rule-${rule}`).textContent())!);
  expect(await share('searched')).toBeLessThan(await share('absmax'));
});

test('two weights by keyboard: where inputs are alike, the second makes up for the first', async ({
  page,
}) => {
  await page.goto('/#/explore?alike=90');
  const pair = page.getByRole('slider', { name: /^The two weights/ });
  await expect(pair).toHaveAttribute('aria-valuetext', '0.45 and 0.40');
  const error = async (i: number) => Number(await page.getByTestId(`output-error-${i}`).textContent());
  expect(await error(1)).toBeLessThan(await error(0));
  await pair.press('ArrowDown');
  await expect(pair).toHaveAttribute('aria-valuetext', '0.45 and 0.35');
  await page.getByRole('slider', { name: /^How alike/ }).press('Home');
  await expect.poll(async () => (await error(1)) - (await error(0))).toBe(0);
});
