import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from './bin/chromium.mjs';

const PORT = Number(process.env.PORT ?? 4173);
const executablePath = findChromium();

/** The built page in a real browser, on whatever WebGPU adapter it has; three at a time, since pages wait now and then. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  workers: 3,
  // They end what hangs; on a machine ten times slower than usual nothing that works comes near.
  timeout: 900_000,
  expect: { timeout: 120_000 },
  reporter: 'list',
  use: {
    baseURL: `http://localhost:${PORT}`,
    launchOptions: { args: CHROMIUM_ARGS, ...(executablePath ? { executablePath } : {}) },
    // A page that is kept answers by itself what a test wants to answer; the test of keeping allows it.
    serviceWorkers: 'block',
    // Pictures of every step would take a tenth of the time, and the trace has the page itself.
    trace: { mode: 'retain-on-failure', screenshots: false },
  },
  webServer: {
    command: `npm run build && npx vite preview --port ${PORT} --strictPort`,
    url: `http://localhost:${PORT}`,
    reuseExistingServer: false,
    timeout: 900_000,
  },
});
