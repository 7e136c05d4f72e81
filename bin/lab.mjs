#!/usr/bin/env node
// The command line. Vite loads the TypeScript, so the terminal runs the very modules the page runs.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';
import { currentCommit } from './commit.mjs';
import { hubEndpoint } from './hub.mjs';

await runnerImport(fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)), {
  configFile: false,
  define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(hubEndpoint()) },
  logLevel: 'error',
});
