import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LIGHTS } from './terms.ts';

test('app.css lights every mark that a term names, and no other', () => {
  const css = readFileSync('src/ui/app.css', 'utf8');
  const lit = [...css.matchAll(/:root\[data-lit='([^']+)'\] \[data-mark~='([^']+)'\]/g)];
  for (const [, word, mark] of lit) expect(word).toBe(mark);
  expect(lit.map(([, mark]) => mark).sort()).toEqual(Object.values(LIGHTS).sort());
});
