#!/usr/bin/env node
// npm test: everything that must hold, in the order in which it is quickest to fail; one count at the end.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireChromium } from './chromium.mjs';
import { countPlaywright, countVitest, lastLines } from './count_tests.mjs';

const reports = mkdtempSync(join(tmpdir(), 'nibble-test-'));
const vitest = join(reports, 'vitest.json');
const playwright = join(reports, 'playwright.json');

/** Steps that are one check each, and steps whose report counts tests. */
const STEPS = [
  { name: 'types', command: 'npm', args: ['run', '-s', 'check'] },
  { name: 'lint', command: 'npm', args: ['run', '-s', 'lint'] },
  { name: 'format', command: 'npm', args: ['run', '-s', 'format:check'] },
  { name: 'size', command: 'npm', args: ['run', '-s', 'size'] },
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
const counts = STEPS.map(({ name, command, args, count }) => {
  const begun = Date.now();
  console.log(`\n== ${name}`);
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: playwright };
  const ok = spawnSync(command, args, { stdio: 'inherit', env }).status === 0;
  console.log(`== ${name}: ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  const counted = count?.() ?? { passed: ok ? 1 : 0, failed: 0, skipped: [] };
  // A step can fail beside its tests, too: by an error that none of them caught, or without a report.
  return ok ? counted : { ...counted, failed: Math.max(1, counted.failed) };
});
rmSync(reports, { recursive: true });
console.log(`\n${lastLines(counts).join('\n')}`);
process.exit(counts.every(({ failed }) => failed === 0) ? 0 : 1);

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
