import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from './bin/chromium.mjs';

const PORT = Number(process.env.PORT ?? 4173);
const executablePath = findChromium();

/** The built page in a real browser, on whatever WebGPU adapter it has; two at a time, since a page waits more than it computes. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  workers: 2,
  // They end what hangs; on a machine ten times slower than usual nothing that works comes near.
  timeout: 900_000,
  expect: { timeout: 120_000 },
  reporter: 'list',
  use: {
    baseURL: `http://localhost:${PORT}`,
    launchOptions: { args: CHROMIUM_ARGS, ...(executablePath ? { executablePath } : {}) },
    // A page that is kept answers by itself what a test wants to answer; the test of keeping allows it.
    serviceWorkers: 'block',
    trace: 'retain-on-failure',
  },
  webServer: {
    command: `npm run build && npx vite preview --port ${PORT} --strictPort`,
    url: `http://localhost:${PORT}`,
    reuseExistingServer: false,
    timeout: 900_000,
  },
});
