import {
  digestOf,
  expect,
  LONG,
  resultTable,
  runButton,
  runState,
  runToResults,
  smallSpec,
  specHash,
  test,
} from './page.ts';

const spec = smallSpec({
  title: 'Cut off',
  tasks: [
    { task: 'mini_arc', limit: 16 },
    { task: 'mini_coqa', limit: 4 },
    { task: 'mini_text', limit: 4 },
  ],
});

test('a run that was cut off goes on, and ends with the digest of one that was not', async ({ page }) => {
  await runToResults(page, { ...spec, title: 'In one go' });
  const whole = await digestOf(page);

  await page.goto(`/${await specHash(spec)}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page.reload();

  await page.getByRole('link', { name: 'Results', exact: true }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'Cut off' });
  await expect(row).toContainText('not finished');
  await expect(row).toContainText(/[1-9]\d* answers/);
  const before = Number(/(\d+) answers/.exec(await row.innerText())![1]);
  expect(before).toBeLessThan(48);

  await row.getByRole('link').click();
  await expect(resultTable(page)).toContainText('float32');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(page.getByText('48 answers · done')).toBeVisible();
  expect(await digestOf(page)).toBe(whole);
});

test('a paused run holds, and ends with the digest of one that did not', async ({ page }) => {
  await runToResults(page, { ...spec, title: 'In one go' });
  const whole = await digestOf(page);

  await page.goto(`/${await specHash({ ...spec, title: 'With a rest' })}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  const goOn = page.getByRole('button', { name: 'Continue' });
  await expect(goOn).toBeFocused();
  await expect(runState(page)).toHaveText(/^Paused, \d+ % done/, { useInnerText: true });
  await expect(page).toHaveTitle(/^Paused · \d+ % · Experiment/);
  const rows = page.getByTestId('phase').filter({ hasText: 'paused' });
  const held = await rows.innerText();
  await page.waitForTimeout(2000);
  expect(await rows.innerText()).toBe(held);

  await page.keyboard.press('Enter');
  await expect(page).toHaveTitle(/^\d+ % · Experiment/);
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  expect(await digestOf(page)).toBe(whole);
});

test('a run that is paused can be stopped', async ({ page }) => {
  await page.goto(`/${await specHash(spec)}`);
  await runButton(page).click();
  // Pressed while the kernels are checked, it holds before the first item.
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(runState(page)).toHaveText(/^Paused, 0 % done/, { ...LONG, useInnerText: true });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(runState(page)).toHaveText('Stopped');
  await expect(page).toHaveTitle(/^Experiment/);
});

test('a stopped run keeps what it measured', async ({ page }) => {
  await page.goto(`/${await specHash(spec)}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(runState(page)).toHaveText('Stopped');
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(resultTable(page)).toContainText('float32');
  await expect(page.getByRole('button', { name: 'Resume' })).toBeEnabled();
});

test('the results of a run in progress grow while they are read', async ({ page }) => {
  await page.goto(`/${await specHash(smallSpec({ tasks: [{ task: 'mini_arc', limit: 200 }] }))}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText(/^[1-9]\d* % done/, { ...LONG, useInnerText: true });
  await page.getByRole('link', { name: 'Results', exact: true }).click();
  await page.getByRole('listitem').filter({ hasText: 'A small experiment' }).getByRole('link').click();
  await expect(page.getByText('This run is in progress.')).toBeVisible();
  const answers = async () => Number(/([\d,]+) answers/.exec(await page.getByRole('main').innerText())?.[1]);
  const first = await answers();
  expect(first).toBeGreaterThan(0);
  await expect.poll(answers).toBeGreaterThan(first);
});
