import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from '@playwright/test';
import { build, preview } from 'vite';
import { CHROMIUM_ARGS, requireChromium } from '../../../bin/chromium.mjs';
import { contentSecurityPolicy } from '../../../bin/csp.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

/** The page of the small run, served, and headless Chromium to open it in. */
export interface ServedPage {
  address: string;
  /** A folder for profiles, which goes with the server. */
  folder: string;
  /** The browser that trials share which do not end it; another one once it has died. */
  browser(): Promise<Browser>;
  close(): Promise<void>;
}

/** Builds the page under the policy of the real one, and serves it from this machine alone. */
export async function servePage(): Promise<ServedPage> {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-faults-'));
  const outDir = join(folder, 'dist');
  await build({
    ...{ configFile: false, root, base: './', publicDir: false, logLevel: 'error' },
    plugins: [contentSecurityPolicy()],
    define: { __COMMIT__: '"faults"', __HUB__: '"https://huggingface.co"' },
    worker: { format: 'es' },
    build: { target: 'es2023', outDir },
  });
  const server = await preview({
    ...{ configFile: false, root, logLevel: 'error' },
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  });
  let shared: Promise<Browser> | undefined;
  return {
    address: server.resolvedUrls!.local[0]!,
    folder,
    async browser() {
      if (!(await shared)?.isConnected()) shared = chromium.launch(launchOptions());
      return shared!;
    },
    async close() {
      await (await shared)?.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Without the browser's guards of each index, a software adapter compiles shaders in two thirds of the time. */
const SOONER = '--enable-dawn-features=disable_robustness';

export const launchOptions = (): { executablePath: string; args: string[] } => ({
  executablePath: requireChromium(),
  args: [...CHROMIUM_ARGS, SOONER],
});
