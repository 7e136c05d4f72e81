// The command line as JavaScript: what Vite makes of its TypeScript and shaders, which are the very ones the page runs.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { currentCommit } from './commit.mjs';
import { hubEndpoint } from './hub.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Bundles a module of src/cli. It must come to lie two folders below the root: its own paths count from there.
 * @param {string} entry @param {string} outDir @param {import('vite').BuildOptions} [options]
 */
export const bundleLab = (entry, outDir, options = {}) =>
  build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    define: { __COMMIT__: JSON.stringify(currentCommit()), __HUB__: JSON.stringify(hubEndpoint()) },
    publicDir: false,
    build: { ssr: entry, outDir, emptyOutDir: true, target: 'node20', ...options },
  });
