import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ADJUSTMENTS, type Adjustment } from './adjust.ts';

interface Golden {
  cases: ({ p: number[] } & Record<Adjustment, number[]>)[];
}

const golden = JSON.parse(
  await readFile(new URL('../../../test/golden/adjusted_p.json', import.meta.url), 'utf8'),
) as Golden;

it.each(Object.keys(ADJUSTMENTS) as Adjustment[])('adjusts by %s as statsmodels does', (name) => {
  for (const { p, ...wanted } of golden.cases) {
    const found = ADJUSTMENTS[name].of(p);
    expect(found).toHaveLength(p.length);
    found.forEach((value, i) => expect(value).toBeCloseTo(wanted[name][i]!, 14));
  }
});

it('claims in the published trial what its authors claim', () => {
  // Benjamini and Hochberg 1995, section 4.1: three hypotheses by Bonferroni and Holm, four by theirs.
  const [trial] = golden.cases;
  const claimed = (name: Adjustment) => ADJUSTMENTS[name].of(trial!.p).filter((p) => p < 0.05).length;
  expect([claimed('holm'), claimed('bh')]).toEqual([3, 4]);
});
