#!/usr/bin/env node
// The command line from its sources as they are now. They are bundled first: to load them one by one takes twice as long.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleLab } from './bundle_lab.mjs';
import { hubEndpoint } from './hub.mjs';

/** Where the bundle lies until it is loaded; one a process, since several may start at a time. */
const BUILT = fileURLToPath(new URL('../built/', import.meta.url));

async function load() {
  mkdirSync(BUILT, { recursive: true });
  const folder = mkdtempSync(`${BUILT}lab-`);
  try {
    await bundleLab('src/cli/command_line.ts', folder, {
      // One file, of which nothing is loaded later; a stack names the lines of the sources.
      rolldownOptions: { output: { codeSplitting: false } },
      sourcemap: 'inline',
    });
    process.setSourceMapsEnabled(true);
    return await import(pathToFileURL(`${folder}/command_line.js`).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  // The address of the Hub is built in; a mistyped one is no fault of ours.
  hubEndpoint();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
const { commandLine } = await load();
await commandLine(process.argv.slice(2));
