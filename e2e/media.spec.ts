import type { Locator, Page } from '@playwright/test';
import { expect, test } from './page.ts';
import { openScreen, SCREENS } from './screens.ts';

/** The contrast of a computed colour with the page behind everything, as WCAG counts it. */
async function contrast(mark: Locator, property: 'fill' | 'stroke' | 'outline-color'): Promise<number> {
  return mark.evaluate((element, name) => {
    // A canvas resolves whatever a colour is written in, "Canvas" among it.
    const context = new OffscreenCanvas(1, 1).getContext('2d')!;
    const luminance = (colour: string): number => {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
        const share = byte / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const both = [
      getComputedStyle(element).getPropertyValue(name),
      getComputedStyle(document.documentElement).backgroundColor,
    ].map(luminance);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  }, property);
}

async function expectMarksAndFocusSeen(page: Page): Promise<void> {
  for (const book of ['nf4', 'fp4']) {
    const mark = page.locator(`svg [data-mark~="${book}"]`).first();
    const [fill, stroke] = [await contrast(mark, 'fill'), await contrast(mark, 'stroke')];
    expect.soft(Math.max(fill, stroke), `a mark of ${book}`).toBeGreaterThanOrEqual(3);
  }
  const slider = page.getByRole('slider', { name: 'Block size' });
  await slider.focus();
  await slider.press('ArrowRight');
  await expect(slider).toHaveCSS('outline-style', 'solid');
  await expect(slider).toHaveCSS('outline-width', '2px');
  expect.soft(await contrast(slider, 'outline-color'), 'the focus ring').toBeGreaterThanOrEqual(3);
}

test('in forced colours marks and focus are seen, also against the theme the reader chose', async ({
  page,
}) => {
  await page.goto('/#/explore');
  await expect(page.getByTestId('error-nf4')).toHaveText(/^0\.\d+$/);
  for (const [forced, chosen] of [
    ['light', /^Colours: dark/],
    ['dark', /^Colours: light/],
  ] as const) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme: forced });
    await expectMarksAndFocusSeen(page);
    const theme = page.getByRole('button', { name: /^Colours: / });
    while (!chosen.test((await theme.getAttribute('aria-label')) ?? (await theme.innerText())))
      await theme.click();
    await expectMarksAndFocusSeen(page);
  }
});

test('in forced colours what is chosen does not look like what is not', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.goto('/#/experiment');
  const background = (state: string) =>
    page
      .getByRole('radiogroup')
      .or(page.getByRole('group'))
      .locator(`input[type=radio]${state} + span`)
      .first()
      .evaluate((label) => getComputedStyle(label).backgroundColor);
  await expect(page.getByRole('radio').first()).toBeAttached();
  expect(await background(':checked')).not.toBe(await background(':not(:checked)'));
});

/** The longest that anything on the page takes to change its looks, in seconds. */
const longestMotion = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const seconds = (text: string) =>
      text.split(',').map((one) => (one.trim().endsWith('ms') ? parseFloat(one) / 1000 : parseFloat(one)));
    return Math.max(
      ...[...document.querySelectorAll('*')].flatMap((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element);
        return [...seconds(transitionDuration), ...seconds(animationDuration)];
      }),
    );
  });

test('with reduced motion nothing travels', async ({ page }) => {
  for (const screen of SCREENS.filter(({ name }) => ['Explore', 'Footprint', 'Experiment'].includes(name))) {
    await openScreen(page, screen);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect.soft(await longestMotion(page), `${screen.name}, as it is`).toBeGreaterThan(0.1);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect.soft(await longestMotion(page), `${screen.name}, reduced`).toBe(0);
  }
});
