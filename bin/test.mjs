#!/usr/bin/env node
// npm test: everything that must hold, quick checks first; one count at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { requireChromium } from './chromium.mjs';
import { countPlaywright, countVitest, lastLines } from './count_tests.mjs';

const reports = mkdtempSync(join(tmpdir(), 'nibble-test-'));
const vitest = join(reports, 'vitest.json');
const playwright = join(reports, 'playwright.json');

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} command
 * @property {string[]} args
 * @property {() => import('./count_tests.mjs').Count} [count] of a step whose report counts tests; others are one check
 */

/** Checks that run side by side: none keeps two cores busy. What they print comes when they are done. @type {Step[]} */
const CHECKS = [
  { name: 'types', command: 'npm', args: ['run', '-s', 'check'] },
  { name: 'lint', command: 'npm', args: ['run', '-s', 'lint'] },
  { name: 'format', command: 'npm', args: ['run', '-s', 'format:check'] },
  { name: 'size', command: 'npm', args: ['run', '-s', 'size'] },
];

/** Suites that each want the machine to themselves. @type {Step[]} */
const SUITES = [
  {
    name: 'unit and kernels',
    command: 'npx',
    args: ['vitest', 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitest}`],
    count: () => countVitest(readReport(vitest)),
  },
  {
    name: 'end to end',
    command: 'npx',
    args: ['playwright', 'test', '--reporter=list,json'],
    count: () => countPlaywright(readReport(playwright)),
  },
];

console.log(`Chromium: ${requireChromium()}`);
const counts = await Promise.all(CHECKS.map((step) => run(step, 'pipe')));
for (const step of SUITES) counts.push(await run(step, 'inherit'));
rmSync(reports, { recursive: true });
console.log(`\n${lastLines(counts).join('\n')}`);
process.exit(counts.every(({ failed }) => failed === 0) ? 0 : 1);

/**
 * @param {Step} step
 * @param {'pipe' | 'inherit'} output whether what it prints is held back until it is done
 */
async function run({ name, command, args, count }, output) {
  const begun = Date.now();
  if (output === 'inherit') console.log(`\n== ${name}`);
  const child = spawn(command, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: playwright },
  });
  const printed = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''));
  const ok = (await once(child, 'close'))[0] === 0;
  if (output === 'pipe') console.log(`\n== ${name}\n${(await Promise.all(printed)).join('')}`.trimEnd());
  console.log(`== ${name}: ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  const counted = count?.() ?? { passed: ok ? 1 : 0, failed: 0, skipped: [] };
  // A step can fail beside its tests, too: by an error that none of them caught, or without a report.
  return ok ? counted : { ...counted, failed: Math.max(1, counted.failed) };
}

/**
 * @param {string} path
 * @returns {any} what a test runner reports; undefined where it died before it could
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
