import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** Adds a file and all that it imports but types, directly or through others. */
function reach(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, path] of source.matchAll(/^import (?!type )[^;]*?from '(\.[^']+)'/gm)) {
    reach(join(dirname(file), path!), seen);
  }
  return seen;
}

it('the page reads config.json and counts sizes without anything of the GPU but a limit', () => {
  const reached = new Set<string>();
  for (const name of ['config.ts', 'footprint.ts', 'memory.ts']) reach(`src/model/${name}`, reached);
  expect(reached).toContain('src/model/families/gpt2.ts');
  expect([...reached].filter((file) => !/^src\/(tensor|quant|model|errors)/.test(file))).toEqual([
    'src/gpu/device/limits.ts',
  ]);
});
