import { expect, test } from './page.ts';

test('a lesson goes on when the learner does the thing', async ({ page }) => {
  await page.goto('/#/lessons');
  await page.getByRole('button', { name: 'Begin: Block size against cost' }).click();
  const dock = page.getByRole('region', { name: 'Lesson: Block size against cost' });
  await expect(dock).toContainText('card 1 of 5');
  await expect(page).toHaveURL(/explore\?weights=normal/);
  const slider = page.getByRole('slider', { name: 'Block size' });
  await slider.press('ArrowRight');
  await expect(dock).toContainText('The card goes on when you have done it.');
  await slider.press('Home');
  await expect(dock).toContainText('card 2 of 5');
  await slider.press('End');
  await expect(dock).toContainText('card 3 of 5');
  await page.getByRole('combobox', { name: 'Weights' }).selectOption('student');
  await expect(dock).toContainText('card 4 of 5');
  await dock.getByRole('button', { name: 'Back' }).click();
  await expect(dock).toContainText('card 3 of 5');
  await dock.getByRole('button', { name: 'Close' }).click();
  await expect(dock).toHaveCount(0);
});

test('a class link leaves out what was ticked, and has the lesson and the title', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/#/explore?weights=laplace&block=128');
  await expect(page.getByTestId('error-nf4')).toHaveText(/^0\.\d+$/);
  await page.getByRole('link', { name: 'Lessons', exact: true }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill('Week 3: four bits');
  await page.getByRole('combobox', { name: 'Lesson' }).selectOption('why-absmax');
  await page.getByRole('checkbox', { name: 'Outliers' }).check();
  await page.getByRole('checkbox', { name: /^Projector/ }).check();
  await page.getByRole('button', { name: 'Copy class link' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('hide=outliers');
  expect(link).toMatch(/#\/explore\?weights=laplace&block=128$/);

  const theirs = await context.newPage();
  await theirs.goto(link.replace('&lesson=why-absmax', ''));
  await expect(theirs.getByText('Week 3: four bits')).toBeVisible();
  await expect(theirs.getByRole('slider', { name: 'Outliers' })).toBeHidden();
  await expect(theirs.getByRole('slider', { name: 'Block size' })).toHaveAttribute('aria-valuetext', /^128/);
  // A projector shows two digits.
  await expect(theirs.getByTestId('error-nf4')).toHaveText(/^0\.0\d{1,2}$/);
  await theirs.goto('about:blank');
  await theirs.goto(link);
  await expect(theirs.getByRole('region', { name: 'Lesson: Why absmax' })).toBeVisible();
});

test('a figure alone, for slides', async ({ page }) => {
  await page.goto('/?embed#/explore?weights=uniform&int4=1');
  await expect(page.getByTestId('comparison')).toContainText('INT4 is lowest');
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await expect(page.getByRole('slider', { name: 'Block size' })).toHaveCount(0);
  await expect(page.getByRole('contentinfo')).toHaveCount(0);
});

test('a word lights its marks', async ({ page }) => {
  await page.goto('/#/explore');
  await page.getByRole('button', { name: 'NF4', exact: true }).first().focus();
  const stroke = () =>
    page.evaluate(() => getComputedStyle(document.querySelector('svg [data-mark~="nf4"]')!).strokeWidth);
  await expect.poll(stroke).toBe('3px');
  await page.getByRole('slider', { name: 'Block size' }).focus();
  await expect.poll(stroke).toBe('1px');
});
