import { dataFolder } from '../test/fixtures/data_folder.ts';
import { expect, runButton, runState, smallSpec, specHash, test } from './page.ts';

const model = process.env['NIBBLE_SMOLLM2'];
const data = dataFolder();

test('a folder with a model from the Hub answers a real question', async ({ page }) => {
  test.skip(
    !model || !data,
    'NIBBLE_SMOLLM2 names no folder of SmolLM2-135M-Instruct, or NIBBLE_DATA no data',
  );
  test.setTimeout(3_600_000);
  const spec = smallSpec({
    model: { source: 'local', name: 'smollm2' },
    configs: [{ quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' }],
    tasks: [{ task: 'arc_easy', doc_ids: [0] }],
  });
  await page.goto(`/${await specHash(spec)}`);
  await page.getByLabel('Choose the folder of the model').setInputFiles(model!);
  await page.getByLabel('Choose the data folder').setInputFiles(`${data}/ARC`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', { timeout: 3_000_000 });
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByText('ARC-Easy').first()).toBeVisible();
});
