// Vite loads the TypeScript, as for the command line.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';

await runnerImport(fileURLToPath(new URL('compare_decoding.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
});
