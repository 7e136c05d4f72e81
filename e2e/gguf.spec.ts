import { readFile } from 'node:fs/promises';
import { expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

const GGUF = 'test/golden/gguf/nibble-tiny.gguf';
const mine = smallSpec({
  model: { source: 'local', name: 'mine' },
  configs: [{ quant_type: 'none', compute_dtype: 'float32' }],
});

test('a GGUF file that is dropped is computed with as it is stored', async ({ page }) => {
  await page.goto(`/${await specHash(mine)}`);
  const bytes = (await readFile(GGUF)).toString('base64');
  const dropped = await page.evaluateHandle((text) => {
    const content = Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'nibble-tiny.gguf'));
    return transfer;
  }, bytes);
  await page.getByText('Or choose one GGUF file').dispatchEvent('drop', { dataTransfer: dropped });
  await expect(page.getByText('nibble-tiny.gguf').first()).toBeVisible();
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
});

test('a GGUF file that is cut off is refused in a sentence before a run', async ({ page }) => {
  await page.goto(`/${await specHash(mine)}`);
  const whole = await readFile(GGUF);
  await page.getByLabel('Or choose one GGUF file').setInputFiles({
    ...{ name: 'cut.gguf', mimeType: 'application/octet-stream' },
    buffer: whole.subarray(0, whole.length - 1000),
  });
  const told = page.getByRole('alert');
  await expect(told).toContainText('A run would refuse this model.');
  await expect(told).toContainText('cut.gguf');
});
