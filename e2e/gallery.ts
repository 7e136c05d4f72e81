import type { Page } from '@playwright/test';
import { test } from './page.ts';
import { openScreen, SCREENS, screensOf, type Screen } from './screens.ts';

/** `npm run gallery`: a picture of every screen and state, for whoever changes what is seen; it tests nothing. */
const FOLDER = 'gallery';
/** A result of the bundled model, so that every number on a picture is the same each time. */
const RUN = 'test/fixtures/run.json';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 780 };

test.use({ viewport: WIDE, deviceScaleFactor: 1, locale: 'en-GB', timezoneId: 'UTC' });

/** The screen in the light, in the dark, and on a phone; of a state its own part, in the light. */
async function take(page: Page, screen: Screen): Promise<void> {
  const name = screen.name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const path = (look: string) => `${FOLDER}/${name}${look}.png`;
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(WIDE);
  await openScreen(page, screen);
  await page.waitForLoadState('networkidle');
  if (screen.state) {
    await (screen.part ? page.locator(screen.part) : page).screenshot({ path: path('') });
    return;
  }
  await page.screenshot({ path: path('-light') });
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.screenshot({ path: path('-dark') });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(NARROW);
  await page.screenshot({ path: path('-360') });
}

for (const screen of SCREENS) test(screen.name, ({ page }) => take(page, screen));

test('a run', async ({ page }) => {
  for (const screen of await screensOf(page, RUN)) await take(page, screen);
});
