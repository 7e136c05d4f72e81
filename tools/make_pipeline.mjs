#!/usr/bin/env node
// Compiles one kernel, for a compiler that listens: `node tools/make_pipeline.mjs tile_64_blockwise float16`.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';

await runnerImport(fileURLToPath(new URL('make_pipeline.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
});
process.exit(0);
