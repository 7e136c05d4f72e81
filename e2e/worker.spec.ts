import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, LONG, runButton, runState, smallSpec, specHash, test } from './page.ts';

const spec = smallSpec({
  title: 'Interrupted',
  tasks: [
    { task: 'mini_arc', limit: 16 },
    { task: 'mini_coqa', limit: 4 },
    { task: 'mini_text', limit: 4 },
  ],
});

test('a worker that ends is noticed, and the run goes on from what is stored', async ({ page }) => {
  await page.goto(`/${await specHash(spec)}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page
    .workers()[0]!
    .evaluate(() => self.close())
    .catch(() => undefined);

  await expect(runState(page)).toHaveText('Paused');
  await expect(page.getByText('The browser ended what computes here')).toBeVisible();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByText('48 answers · done')).toBeVisible();
});

for (const [how, press] of [
  ['Stop is not heard', ['Stop']],
  ['the reader does not want to wait', ['Stop', 'End now']],
] as const) {
  test(`a worker that hangs is ended where ${how}, and nothing stored is lost`, async ({ page }) => {
    await page.goto(`/${await specHash(spec)}`);
    await runButton(page).click();
    await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
    page
      .workers()[0]!
      // Later: a loop within the evaluation itself is the debugger's, and not ended with the worker.
      .evaluate(() => {
        setTimeout(() => {
          for (;;);
        });
      })
      .catch(() => undefined);
    for (const name of press) await page.getByRole('button', { name, exact: true }).click();
    await expect(runState(page)).toHaveText('Stopped');
    await page.getByRole('link', { name: 'Open the results' }).click();
    await expect(page.getByText(/[1-9]\d* answers · stopped/)).toBeVisible();
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(runState(page)).toHaveText('Done', LONG);
  });
}

test('a chat template without end is stopped in a sentence', async ({ page }, { outputDir }) => {
  const model = join(outputDir, 'model');
  await cp('public/models/nibble-tiny', model, { recursive: true });
  const loop = '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}';
  await writeFile(join(model, 'chat_template.jinja'), loop);
  const mine = smallSpec({
    model: { source: 'local', name: 'mine' },
    tasks: [{ task: 'mini_arc', limit: 2, apply_chat_template: true }],
  });
  await page.clock.install();
  await page.goto(`/${await specHash(mine)}`);
  await page.getByLabel('Choose the folder of the model').setInputFiles(model);
  await runButton(page).click();
  const told = page.getByText('The chat template did not come to the end of a text within 20 seconds');
  await expect(async () => {
    await page.clock.fastForward(20_000);
    await expect(told).toBeVisible({ timeout: 1000 });
  }).toPass(LONG);
  await expect(runState(page)).toHaveText('Stopped by a failure');
});
