import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { fingerprintOf, type Fingerprint } from './fingerprint.ts';
import { expect, test } from './page.ts';
import { openScreen, SCREENS, screensOf, type Screen } from './screens.ts';

const FINGERPRINT = 'e2e/pictures/fingerprint.json';
/** A result of the bundled model, so that every number on a picture is the same each time. */
const RUN = 'e2e/pictures/run.json';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 780 };

test.use({ viewport: WIDE, deviceScaleFactor: 1, locale: 'en-GB', timezoneId: 'UTC' });

test.beforeAll(async ({ browser }, { config }) => {
  const here = await fingerprintOf(browser);
  if (config.updateSnapshots === 'all') {
    await writeFile(FINGERPRINT, `${JSON.stringify(here, null, 2)}\n`);
  }
  const theirs = JSON.parse(await readFile(FINGERPRINT, 'utf8')) as Fingerprint;
  const same = here.chromium === theirs.chromium && here.text === theirs.text;
  const why = `the pictures are of another rendering: Chromium ${theirs.chromium}, here ${here.chromium}${here.text === theirs.text ? '' : ', and other fonts'}`;
  if (!same) console.log(`visual: skipped, ${why}`);
  test.skip(!same, why);
});

/** The screen in the light, in the dark, and on a phone; of a state its own part, in the light. */
async function take(page: Page, screen: Screen): Promise<void> {
  const name = screen.name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const look = { stylePath: 'e2e/pictures/hide.css', maxDiffPixelRatio: 0.002 };
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(WIDE);
  await openScreen(page, screen);
  await page.waitForLoadState('networkidle');
  if (screen.state) {
    if (screen.part) await expect.soft(page.locator(screen.part)).toHaveScreenshot(`${name}.png`, look);
    else await expect.soft(page).toHaveScreenshot(`${name}.png`, look);
    return;
  }
  await expect.soft(page).toHaveScreenshot(`${name}-light.png`, look);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expect.soft(page).toHaveScreenshot(`${name}-dark.png`, look);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(NARROW);
  await expect.soft(page).toHaveScreenshot(`${name}-360.png`, look);
}

for (const screen of SCREENS) test(`picture: ${screen.name}`, ({ page }) => take(page, screen));

test('pictures of a run', async ({ page }) => {
  for (const screen of await screensOf(page, RUN)) await take(page, screen);
});
