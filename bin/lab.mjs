#!/usr/bin/env node
// The command line. Vite loads the TypeScript, so the terminal runs the very modules the page runs.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';
import { currentCommit } from './commit.mjs';
import { hubEndpoint } from './hub.mjs';

/** The address of the Hub, or the end of it all: a mistyped one is no fault of ours. */
function endpoint() {
  try {
    return hubEndpoint();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return process.exit(2);
  }
}

await runnerImport(fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)), {
  configFile: false,
  define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(endpoint()) },
  logLevel: 'error',
});
