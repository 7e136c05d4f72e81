#!/usr/bin/env node
// The command line. Vite loads the TypeScript, so the terminal runs the very modules the page runs.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';

await runnerImport(fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
});
