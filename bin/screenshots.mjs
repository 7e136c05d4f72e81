#!/usr/bin/env node
// Pictures of every screen for docs/: light, dark, and 360 px wide. Serves dist/, which must be built.
import { mkdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, requireChromium } from './chromium.mjs';

const PORT = 4180;
const OUT = fileURLToPath(new URL('../docs/', import.meta.url));

/** A text that is there once a screen has all it shows, by its address; its heading for one not named here. */
const READY = new Map([
  ['#/explore', 'Where do the errors come from?'],
  ['#/experiment', 'Run 5 configurations'],
  ['#/footprint', 'What a context takes'],
  ['#/lessons', 'Make a class link'],
  ['#/self-check', 'Check every kernel'],
]);

/** Wide pictures end here: a README is no scroll. */
const MOST_HEIGHT = { wide: 900, narrow: 1400 };

const VITE = fileURLToPath(new URL('../node_modules/vite/bin/vite.js', import.meta.url));
const server = spawn(process.execPath, [VITE, 'preview', '--port', String(PORT), '--strictPort'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(server.stdout, 'data');
const browser = await chromium.launch({ executablePath: requireChromium(), args: CHROMIUM_ARGS });
mkdirSync(OUT, { recursive: true });
try {
  const context = await browser.newContext({ viewport: { width: 1100, height: MOST_HEIGHT.wide } });
  const page = await context.newPage();
  const address = `http://localhost:${PORT}/`;

  /** @param {string} name */
  const take = async (name) => {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      // Without motion no colour is half way to the other theme.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${OUT}${name}-${colorScheme}.png` });
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 360, height: MOST_HEIGHT.narrow });
    await page.screenshot({ path: `${OUT}${name}-360.png` });
    await page.setViewportSize({ width: 1100, height: MOST_HEIGHT.wide });
  };

  await page.goto(address);
  const hashes = await page
    .getByRole('navigation', { name: 'Screens' })
    .getByRole('link')
    .evaluateAll((links) => links.map((link) => /** @type {HTMLAnchorElement} */ (link).hash));
  // The results come last: they need a run.
  for (const hash of hashes.filter((hash) => hash !== '#/results')) {
    const name = hash.slice('#/'.length);
    const ready = READY.get(hash);
    await page.goto('about:blank');
    await page.goto(address + hash);
    await (ready ? page.getByText(ready).first() : page.getByRole('heading', { level: 1 })).waitFor();
    await page.getByText(/^WebGPU: [^…]/).waitFor();
    await take(name);
  }

  // A short run, so that the results have something to show.
  await page.goto('about:blank');
  await page.goto(`${address}#/experiment`);
  for (const [task, limit] of [
    ['Mini ARC', '40'],
    ['Mini CoQA', '10'],
    ['Mini text', '4'],
  ]) {
    await page.getByLabel(`Items of ${task}`).fill(limit ?? '');
  }
  await page.getByRole('button', { name: /^Run \d/ }).click();
  await page.getByText('Just answered').waitFor({ timeout: 120_000 });
  await take('live');
  await page.getByRole('link', { name: 'Open the results' }).click({ timeout: 300_000 });
  await page.getByText('Share and keep').waitFor();
  await take('results');
} finally {
  await browser.close();
  server.kill();
}
