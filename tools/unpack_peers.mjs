#!/usr/bin/env node
// node tools/unpack_peers.mjs DIR: nibble-tiny with its exports in DIR/sound, and with one of them damaged in DIR/damaged.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

await runnerImport(fileURLToPath(new URL('unpack_peers.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
});
