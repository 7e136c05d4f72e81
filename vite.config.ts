import { availableParallelism } from 'node:os';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { CHROMIUM_ARGS, findChromium } from './bin/chromium.mjs';
import { contentSecurityPolicy } from './bin/csp.mjs';
import { serviceWorker } from './bin/offline.mjs';
import { currentCommit } from './bin/commit.mjs';
import { hubEndpoint } from './bin/hub.mjs';

/** Cross-origin isolation sharpens performance.now() from 100 us to 5 us. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Ends a test that hangs, in milliseconds; on a machine ten times slower than usual none that works comes near. */
const HANGS = 600_000;

const PAGE = '/src/ui/main.ts';

interface Modules {
  getModuleInfo(id: string): { importers: readonly string[] } | null;
}

/** What the page imports before anybody touches it, in one file: a dozen small ones keep a phone waiting. */
const FIRST_LOAD = inOneFile('page', PAGE);

/** What the worker imports before it is asked for anything, likewise. */
const FIRST_OF_WORKER = inOneFile('worker', '/src/lab/worker.ts');

/** What an entry imports, in one file; the entry itself runs when loaded, and stays by itself. */
function inOneFile(name: string, entry: string) {
  const isNeededAtOnce = (id: string, modules: Modules, seen = new Set<string>()): boolean => {
    if (id.endsWith(entry) || seen.has(id)) return false;
    seen.add(id);
    return (modules.getModuleInfo(id)?.importers ?? []).some(
      (by) => by.endsWith(entry) || isNeededAtOnce(by, modules, seen),
    );
  };
  return {
    groups: [{ name: (id: string, modules: Modules) => (isNeededAtOnce(id, modules) ? name : null) }],
  };
}

export default defineConfig({
  base: './',
  plugins: [svelte(), contentSecurityPolicy(), serviceWorker()],
  define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(hubEndpoint()) },
  worker: { format: 'es', rolldownOptions: { output: { codeSplitting: FIRST_OF_WORKER } } },
  build: {
    target: 'es2023',
    rolldownOptions: { input: ['index.html', 'headless.html'], output: { codeSplitting: FIRST_LOAD } },
  },
  server: { headers },
  preview: { headers },
  test: {
    // Of two cores vitest would leave one idle, where what waits for a browser does not need it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: HANGS,
    hookTimeout: HANGS,
    teardownTimeout: HANGS,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['src/**/*.test.ts', 'bin/*.test.ts'],
          exclude: ['**/*.gpu.test.ts', '**/*.browser.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'kernels-node',
          include: ['src/**/*.gpu.test.ts', 'test/goldens/*.gpu.test.ts', 'test/node/*.test.ts'],
          setupFiles: ['test/setup_webgpu_node.ts'],
          pool: 'forks',
        },
      },
      {
        extends: true,
        test: {
          name: 'kernels-browser',
          include: ['src/**/*.{gpu,browser}.test.ts', 'test/goldens/*.gpu.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            connectTimeout: HANGS,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: findChromium() ?? '', args: CHROMIUM_ARGS },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
