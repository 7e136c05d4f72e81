#!/usr/bin/env node
// node tools/unpack_peers.mjs DIR: nibble-tiny with its exports in DIR/sound, with some of them damaged in DIR/damaged, and
// with one whose weights lie in a file of their own in DIR/external.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

await runnerImport(fileURLToPath(new URL('unpack_peers.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
});
