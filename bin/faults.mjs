#!/usr/bin/env node
// Breaks what can break, on purpose, and counts: `npm run test:faults -- network`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { currentCommit } from './commit.mjs';
import { hubEndpoint } from './hub.mjs';

await runnerImport(fileURLToPath(new URL('../test/faults/main.ts', import.meta.url)), {
  configFile: false,
  define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(hubEndpoint()) },
  logLevel: 'error',
});
