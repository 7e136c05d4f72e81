#!/usr/bin/env node
// npm run release:check: the signatures of all packages by the registry, and the licence of each by its own package.json.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Licences that ask for no more than their own text. */
const ALLOWED = new Set([
  ...['MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0'],
  ...['BlueOak-1.0.0', 'CC0-1.0', 'CC-BY-4.0', 'Python-2.0', 'Unlicense'],
]);
/** Of packages that only build or test; nothing of them is in what is published. */
const ALLOWED_IN_TOOLS = new Set([...ALLOWED, 'MPL-2.0']);

/** @param {string} licence an SPDX expression: one of several is enough, all of several are needed */
const isAllowed = (licence, allowed = ALLOWED) =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => allowed.has(each.trim())));

/** Packages as the lock file lists them, those that are installed on this machine. */
export function packages() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '' && existsSync(`${path}/package.json`))
    .map(([path, { dev = false }]) => {
      const { name, version, license, licenses } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'));
      const licence =
        license?.type ??
        license ??
        licenses?.map((/** @type {{ type: string }} */ one) => one.type).join(' OR ') ??
        'none';
      return { name, version, licence, ok: isAllowed(licence, dev ? ALLOWED_IN_TOOLS : ALLOWED) };
    });
}

const all = packages();
const refused = all.filter(({ ok }) => !ok);
for (const { name, version, licence } of refused)
  console.log(`${name} ${version}: ${licence} is no licence we allow`);
console.log(`licences: ${all.length} packages, ${refused.length} refused`);
const signatures = spawnSync('npm', ['audit', 'signatures'], { stdio: 'inherit' }).status;
console.log(`signatures: ${signatures === 0 ? 'verified' : 'NOT verified'}`);
process.exit(refused.length === 0 && signatures === 0 ? 0 : 1);
