#!/usr/bin/env node
// How long the page takes to import, open and compare results of a hundred thousand answers, and how long it stands
// still meanwhile. Build first (`npm run import-bench` does); `node bin/import_bench.mjs 20000` takes another number.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { CHROMIUM_ARGS, requireChromium } from './chromium.mjs';

const ANSWERS = Number(process.argv[2] ?? 100_000);

/** The configurations that share them. */
const CONFIGS = [
  { quant_type: 'none', compute_dtype: 'float32' },
  { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
  { quant_type: 'nf4', blocksize: 64, double_quant: true, compute_dtype: 'float32' },
  { quant_type: 'fp4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
  { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' },
];

/** MMLU has as many subjects. */
const SUBJECTS = 57;

/**
 * A result of so many answers to MMLU, made up from the saved one.
 * @param {string} title
 * @param {any} saved
 */
function madeUp(title, saved) {
  const docs = Math.floor(ANSWERS / CONFIGS.length);
  /** @param {number} config @param {number} doc_id */
  const item = (config, doc_id) => {
    const lls = [0, 1, 2, 3].map((choice) => -1 - ((doc_id * 7 + choice * 13 + config) % 97) / 31);
    const gold = doc_id % 4;
    const pred = lls.indexOf(Math.max(...lls));
    const acc = Number(pred === gold);
    return {
      ...{ doc_id, group: `subject ${doc_id % SUBJECTS}`, output_type: 'multiple_choice', lls },
      ...{ is_greedy: [false, false, false, false], tokens: [1, 1, 1, 1] },
      ...{ pred, pred_norm: pred, pred_bytes: pred, gold, acc, acc_norm: acc, acc_bytes: acc },
    };
  };
  const [{ footprint, timings }] = saved.runs;
  return JSON.stringify({
    ...saved,
    spec: { ...saved.spec, title, configs: CONFIGS, tasks: [{ task: 'mmlu' }] },
    runs: CONFIGS.map((config, at) => ({
      ...{ config, footprint, timings },
      tasks: [{ task: 'mmlu', items: Array.from({ length: docs }, (_, doc_id) => item(at, doc_id)) }],
    })),
    comparisons: [],
  });
}

/** Runs in the page before anything else there: keeps the longest time between two turns of its event loop. */
function watchPauses() {
  /** @type {any} */
  const own = window;
  own.longest = 0;
  let last = performance.now();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now();
    own.longest = Math.max(own.longest, now - last);
    last = now;
    setTimeout(() => channel.port2.postMessage(0), 1);
  };
  channel.port2.postMessage(0);
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} name
 * @param {() => Promise<unknown>} act
 */
async function measure(page, name, act) {
  await page.evaluate(() => {
    Object.assign(window, { longest: 0 });
  });
  const begun = performance.now();
  await act();
  const seconds = (performance.now() - begun) / 1000;
  // What follows the last change of the screen is part of it.
  await page.waitForTimeout(1000);
  const longest = await page.evaluate(() => /** @type {number} */ (/** @type {any} */ (window).longest));
  console.log(
    `${name.padEnd(24)}${seconds.toFixed(1).padStart(7)} s, longest pause ${longest.toFixed(0)} ms`,
  );
}

const folder = await mkdtemp(join(tmpdir(), 'nibble-import-'));
const saved = JSON.parse(await readFile('test/fixtures/run.json', 'utf8'));
const server = await preview({ preview: { port: Number(process.env.PORT ?? 4182), strictPort: true } });
const [address] = server.resolvedUrls?.local ?? [];
const browser = await chromium.launch({ executablePath: requireChromium(), args: CHROMIUM_ARGS });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  await page.addInitScript(watchPauses);
  await page.goto(`${address}#/results`);
  const input = page.getByLabel('Result files');
  for (const name of ['One', 'Another']) {
    const path = join(folder, `${name}.json`);
    const json = madeUp(name, saved);
    await writeFile(path, json);
    if (name === 'One') console.log(`${ANSWERS} answers, ${(json.length / 1e6).toFixed(1)} MB of JSON`);
    await measure(page, `import ${name.toLowerCase()}`, async () => {
      await input.setInputFiles(path);
      await page.getByRole('link', { name, exact: true }).waitFor();
      await page.getByText('1 run imported.').waitFor();
    });
  }
  await measure(page, 'open', async () => {
    await page.getByRole('link', { name: 'One', exact: true }).click();
    await page.getByText('Share and keep').waitFor();
  });
  await page.goto(`${address}#/results`);
  const boxes = page.getByRole('checkbox', { name: /^Compare / });
  for (const at of [0, 1]) await boxes.nth(at).check();
  await measure(page, 'compare', async () => {
    await page.getByRole('link', { name: 'Compare the two chosen runs' }).click();
    await page.getByText('What differed around them').waitFor();
  });
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
}
