// What makes the built page work without a connection: a service worker with the list of all files of the build.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('service_worker.js', import.meta.url));

/** Files that only a script asks for, or that no page does; and other engines, of 27 MB, which few will ask for. */
const LEFT_OUT = /^(headless\.html|robots\.txt|service_worker\.js|assets\/[^/]+\.wasm)$/;

/** @returns {import('vite').Plugin} writes service_worker.js once everything else lies in the folder of the build */
export function serviceWorker() {
  let folder = '';
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    closeBundle() {
      const files = filesBelow(folder);
      const hash = createHash('sha256');
      for (const path of files) hash.update(path).update(readFileSync(join(folder, path)));
      const version = hash.digest('hex').slice(0, 16);
      const head = `const FILES = ${JSON.stringify(files)};\nconst VERSION = ${JSON.stringify(version)};\n`;
      writeFileSync(join(folder, 'service_worker.js'), head + readFileSync(WORKER, 'utf8'));
    },
  };
}

/**
 * @param {string} folder
 * @returns {string[]} the files a page may ask for, by their paths, in a fixed order
 */
const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !LEFT_OUT.test(path))
    .sort();
