#!/usr/bin/env node
// Builds the command line into one folder, for workers that start it once a shard: it begins in a third of the time.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { currentCommit } from './commit.mjs';
import { hubEndpoint } from './hub.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

await build({
  root: ROOT,
  configFile: false,
  logLevel: 'error',
  define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(hubEndpoint()) },
  publicDir: false,
  build: { ssr: 'src/cli/main.ts', outDir: 'built/lab', emptyOutDir: true, target: 'node20' },
});
