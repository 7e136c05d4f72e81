#!/usr/bin/env node
// npm test: everything that must hold, in the order in which it is quickest to fail; one count at the end.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireChromium } from './chromium.mjs';

const reports = mkdtempSync(join(tmpdir(), 'nibble-test-'));
const vitest = join(reports, 'vitest.json');
const playwright = join(reports, 'playwright.json');

/** @type {[name: string, command: string, args: string[]][]} */
const STEPS = [
  ['types', 'npm', ['run', '-s', 'check']],
  ['lint', 'npm', ['run', '-s', 'lint']],
  ['format', 'npm', ['run', '-s', 'format:check']],
  ['size', 'npm', ['run', '-s', 'size']],
  [
    'unit and kernels',
    'npx',
    ['vitest', 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitest}`],
  ],
  ['end to end', 'npx', ['playwright', 'test', '--reporter=list,json']],
];

/**
 * @param {string} path
 * @param {(report: any) => [passed: number, failed: number]} count
 * @returns {[passed: number, failed: number]}
 */
function counted(path, count) {
  try {
    return count(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return [0, 1];
  }
}

console.log(`Chromium: ${requireChromium()}`);
let passed = 0;
let failed = 0;
for (const [name, command, args] of STEPS) {
  const begun = Date.now();
  console.log(`\n== ${name}`);
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: playwright };
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  console.log(
    `== ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - begun) / 1000).toFixed(0)} s`,
  );
  const [good, bad] =
    command === 'npm'
      ? [1, 0]
      : args[0] === 'vitest'
        ? counted(vitest, (r) => [r.numPassedTests, r.numFailedTests])
        : counted(playwright, (r) => [r.stats.expected + r.stats.flaky, r.stats.unexpected]);
  passed += status === 0 || command !== 'npm' ? good : 0;
  failed += status === 0 ? bad : Math.max(1, bad);
}
rmSync(reports, { recursive: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
