#!/usr/bin/env node
// What Lighthouse thinks of the built page: four scores a screen, and non-zero below LEAST. Build first.
// Lighthouse is fetched by npx and is no dependency. Its clock is this machine's: on a busy one take --runs 5.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { preview } from 'vite';
import { requireChromium } from './chromium.mjs';

const LIGHTHOUSE = 'lighthouse@13.5.0';
const LEAST = 95;
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];
const SCREENS = ['#/explore', '#/experiment'];

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = new Map([
  ['.html', 'text/html'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.svg', 'image/svg+xml'],
  ['.json', 'application/json'],
]);

/**
 * Texts go out compressed, as every host of static pages sends them; vite's own preview does not.
 * @type {import('vite').Plugin}
 */
const gzip = {
  name: 'gzip',
  configurePreviewServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const path = join(DIST, pathname === '/' ? 'index.html' : pathname);
      const type = TYPES.get(extname(path));
      if (!type || !existsSync(path)) return next();
      response.setHeader('Content-Type', `${type}; charset=utf-8`);
      response.setHeader('Content-Encoding', 'gzip');
      response.end(gzipSync(readFileSync(path)));
    });
  },
};

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, desktop: { type: 'boolean', default: false } },
});

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/**
 * One report of Lighthouse, by its own names.
 * @param {string} url
 * @param {string} path where it is kept while it is read
 */
async function report(url, path) {
  const args = ['--yes', LIGHTHOUSE, url, '--quiet', '--output=json', `--output-path=${path}`];
  args.push('--throttling-method=simulate', `--only-categories=${CATEGORIES.join()}`);
  args.push('--chrome-flags=--headless=new --no-sandbox --no-first-run');
  if (values.desktop) args.push('--preset=desktop');
  const env = { ...process.env, CHROME_PATH: requireChromium() };
  await promisify(execFile)('npx', args, { env, maxBuffer: 1 << 26 });
  return JSON.parse(readFileSync(path, 'utf8'));
}

const folder = mkdtempSync(join(tmpdir(), 'nibble-lighthouse-'));
const server = await preview({
  plugins: [gzip],
  preview: { port: Number(process.env.PORT ?? 4180), strictPort: true },
});
const [address] = server.resolvedUrls?.local ?? [];
let failed = false;
try {
  for (const screen of SCREENS) {
    /** @type {any[]} */
    const reports = [];
    for (let run = 0; run < Number(values.runs); run++)
      reports.push(await report(address + screen, join(folder, 'report.json')));
    console.log(`${screen}, ${values.desktop ? 'desktop' : 'mobile'}, median of ${reports.length}`);
    for (const category of CATEGORIES) {
      const scores = reports.map(({ categories }) => Math.round(100 * categories[category].score));
      console.log(`  ${category.padEnd(16)}${median(scores)}  (${scores.join(', ')})`);
      if (!(median(scores) >= LEAST)) failed = true;
    }
    const [last] = reports.slice(-1);
    for (const [id, title] of [
      ['first-contentful-paint', 'first paint'],
      ['largest-contentful-paint', 'largest paint'],
      ['total-blocking-time', 'blocking'],
      ['cumulative-layout-shift', 'layout shift'],
    ])
      console.log(`  ${title?.padEnd(16)}${last.audits[id ?? ''].displayValue}`);
    // What keeps a category from 100, for whoever wants to mend it.
    for (const category of CATEGORIES)
      for (const { id, weight } of last.categories[category].auditRefs)
        if (weight > 0 && last.audits[id].score !== null && last.audits[id].score < 0.9)
          console.log(`  ${category}: ${last.audits[id].title}`);
  }
} finally {
  await server.close();
  rmSync(folder, { recursive: true });
}
process.exit(failed ? 1 : 0);
