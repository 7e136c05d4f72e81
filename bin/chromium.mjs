// Finds the Chromium that tests and the headless runner drive.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

const INSTALLED = {
  linux: [
    '/usr/bin/google-chrome-stable',
    '/usr/bin/google-chrome',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [
    `${process.env.PROGRAMFILES}\\Google\\Chrome\\Application\\chrome.exe`,
    `${process.env['PROGRAMFILES(X86)']}\\Google\\Chrome\\Application\\chrome.exe`,
    `${process.env.LOCALAPPDATA}\\Google\\Chrome\\Application\\chrome.exe`,
  ],
};

/** Flags that give headless Chromium WebGPU, on a software adapter where there is no GPU. */
export const CHROMIUM_ARGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=default',
  '--ignore-gpu-blocklist',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The path of a Chromium: $NIBBLE_CHROMIUM, else an installed Chrome or Chromium, else Playwright's own.
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env.NIBBLE_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`NIBBLE_CHROMIUM names ${named}, which does not exist.`);
  }
  const installed = INSTALLED[/** @type {keyof typeof INSTALLED} */ (process.platform)] ?? [];
  return [...installed, chromium.executablePath()].find((path) => path && existsSync(path));
}

/**
 * The path of a Chromium, installing one first where there is none: Playwright's download, else the
 * distribution's package when we may install packages.
 * @returns {string}
 */
export function requireChromium() {
  const found = findChromium();
  if (found) return found;
  const attempts = [
    ['npx', ['playwright', 'install', 'chromium']],
    ...(process.getuid?.() === 0
      ? /** @type {[string, string[]][]} */ ([
          ['apt-get', ['update', '-qq']],
          ['apt-get', ['install', '-y', '-qq', 'chromium', 'libvulkan1']],
        ])
      : []),
  ];
  for (const [command, args] of /** @type {[string, string[]][]} */ (attempts)) {
    console.error(`No Chromium found: ${command} ${args.join(' ')}`);
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 600_000 });
    const now = findChromium();
    if (now) return now;
  }
  throw new Error(
    'No Chromium was found and none could be installed: install Chrome or Chromium, or set NIBBLE_CHROMIUM to its path.',
  );
}
