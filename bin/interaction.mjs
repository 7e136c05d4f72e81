#!/usr/bin/env node
// How long the page takes to answer a hand, idle and while a run of the bundled model is on. Build first.
// "next paint" is what the Event Timing API says; without a GPU the compositor and the model share the processors,
// so what our code answers for stands beside it: the handlers, and the longest task of the main thread.
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { CHROMIUM_ARGS, requireChromium } from './chromium.mjs';

/** Tasks of the main thread longer than this are reported by the browser; ours should not be. */
const MOST_MS = 50;

/** @typedef {{ name: string, paint: number, delay: number, handlers: number, tasks: number[] }} Measured */
/** @typedef {import('@playwright/test').Page} Page */

/** Runs in the page before anything else there: keeps what the browser says about events and long tasks. */
function observe() {
  /** @type {any} */ (window).seen = { events: [], tasks: [] };
  const { events, tasks } = /** @type {any} */ (window).seen;
  new PerformanceObserver((list) => events.push(...list.getEntries())).observe(
    /** @type {PerformanceObserverInit} */ ({ type: 'event', durationThreshold: 16 }),
  );
  new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: 'longtask' });
}

/**
 * @param {Page} page
 * @param {string} name
 * @param {() => Promise<unknown>} act
 * @returns {Promise<Measured>}
 */
async function measure(page, name, act) {
  await page.evaluate(() => {
    const { seen } = /** @type {any} */ (window);
    seen.events.length = seen.tasks.length = 0;
  });
  await act();
  // An event is reported after the frame that shows what it did.
  await page.waitForTimeout(700);
  const { events, tasks } = await page.evaluate(() => {
    const { seen } = /** @type {any} */ (window);
    /** @type {PerformanceEventTiming[]} */
    const all = seen.events;
    return {
      events: all.map(({ startTime, duration, processingStart, processingEnd }) => ({
        duration,
        delay: processingStart - startTime,
        handlers: processingEnd - processingStart,
      })),
      tasks: seen.tasks.map((/** @type {PerformanceEntry} */ task) => task.duration),
    };
  });
  /** @param {number[]} numbers */
  const most = (numbers) => Math.max(0, ...numbers);
  return {
    name,
    paint: most(events.map(({ duration }) => duration)),
    delay: most(events.map(({ delay }) => delay)),
    handlers: most(events.map(({ handlers }) => handlers)),
    tasks,
  };
}

/**
 * What a hand does, in an order in which each finds what it needs.
 * @param {Page} page
 */
async function interactions(page) {
  /** @type {Measured[]} */
  const all = [];
  /** @type {(name: string, act: () => Promise<unknown>) => Promise<void>} */
  const add = async (name, act) => void all.push(await measure(page, name, act));
  /** @param {string} name */
  const screen = (name) => page.getByRole('link', { name, exact: true }).click();
  /** @param {string} text */
  const shown = (text) => page.getByText(text).first().waitFor();

  await add('nothing, for 5 s', () => page.waitForTimeout(5000));
  await add('to Explore', () => screen('Explore'));
  await shown('Where do the errors come from?');
  const slider = page.getByRole('slider', { name: 'Block size' });
  const box = await slider.boundingBox();
  if (!box) throw new Error('The block size has no slider.');
  await add('drag the block size', async () => {
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.2, y);
    await page.mouse.down();
    for (let step = 3; step <= 8; step++) await page.mouse.move(box.x + (box.width * step) / 10, y);
    await page.mouse.up();
  });
  await add('block size by key', () => slider.press('ArrowLeft'));
  await add('open a table twin', () => page.getByText('View as table').first().click());
  await add('toggle the theme', () => page.getByRole('button', { name: /^Colours/ }).click());
  await add('to Results', () => screen('Results'));
  await page.getByRole('searchbox').waitFor();
  await add('type in a field', () => page.getByRole('searchbox').pressSequentially('small', { delay: 60 }));
  await add('open a run', () => page.getByRole('link', { name: 'A small experiment' }).first().click());
  await shown('Share and keep');
  await add('sort a table', () => page.getByRole('button', { name: 'Bits per weight' }).click());
  await add('open the details', () => page.getByText('Where these numbers come from').click());
  await add('to Footprint', () => screen('Footprint'));
  await shown('What a context takes');
  await add('to Experiment', () => page.getByRole('link', { name: /^Experiment/ }).click());
  return all;
}

/** @param {string} title @param {Measured[]} all */
function print(title, all) {
  console.log(`\n${title.padEnd(24)}next paint   delay   handlers   longest task`);
  for (const { name, paint, delay, handlers, tasks } of all) {
    const cells = [
      paint ? `${paint} ms` : '< 16 ms',
      `${delay.toFixed(0)} ms`,
      `${handlers.toFixed(0)} ms`,
      tasks.length > 0 ? `${Math.max(...tasks)} ms` : `< ${MOST_MS} ms`,
    ];
    console.log(
      `${name.padEnd(22)}${cells.map((cell, i) => cell.padStart([12, 8, 11, 15][i] ?? 0)).join('')}`,
    );
  }
}

const server = await preview({ preview: { port: Number(process.env.PORT ?? 4180), strictPort: true } });
const [address] = server.resolvedUrls?.local ?? [];
const browser = await chromium.launch({ executablePath: requireChromium(), args: CHROMIUM_ARGS });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(180_000);
  await page.addInitScript(observe);

  // A finished run, so that there is a table to sort.
  await page.goto(`${address}#/experiment`);
  await page.getByLabel('Title').fill('A small experiment');
  for (const task of ['Mini ARC', 'Mini CoQA', 'Mini text'])
    await page.getByLabel(`Items of ${task}`).fill('6');
  const run = page.getByRole('button', { name: /^Run \d/ });
  await run.click();
  await page.getByRole('link', { name: 'Open the results' }).waitFor();
  const idle = await interactions(page);

  await page.getByRole('button', { name: 'Back to the experiment' }).click();
  await page.getByLabel('Title').fill('The run that is on');
  for (const [task, items] of [
    ['Mini ARC', '200'],
    ['Mini CoQA', '50'],
    ['Mini text', '20'],
  ])
    await page.getByLabel(`Items of ${task}`).fill(items ?? '');
  await run.click();
  await page.getByText('Just answered').waitFor();
  const busy = await interactions(page);
  const state = await page.getByTestId('run-state').textContent();

  print('idle', idle);
  print('while a run is on', busy);
  console.log(`\nAt the end the run was at: ${state?.trim()}`);
} finally {
  await browser.close();
  await server.close();
}
