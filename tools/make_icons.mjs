// node tools/make_icons.mjs: draws public/favicon.svg at the sizes that an installed page wants.
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { requireChromium } from '../bin/chromium.mjs';

const svg = readFileSync('public/favicon.svg', 'utf8');
mkdirSync('public/icons', { recursive: true });
const browser = await chromium.launch({ executablePath: requireChromium() });
for (const size of [192, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px }</style>${svg}`);
  await page.screenshot({ path: `public/icons/${size}.png`, omitBackground: true });
}
await browser.close();
