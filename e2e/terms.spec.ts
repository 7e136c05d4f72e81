import { LIGHTS } from '../src/ui/kit/terms.ts';
import { expect, test } from './page.ts';

/** Their marks are on screens that need a run first. */
const ELSEWHERE = ['log-probability'];

test('every term that lights something finds its marks on the screen, and lights them', async ({ page }) => {
  await page.goto('/#/explore?weights=normal&int4=1&plant=1');
  await expect(page.getByRole('heading', { name: 'Which layers suffer most?' })).toBeVisible();
  const found = await page.evaluate(() => {
    const looks = (mark: Element) => {
      const { stroke, strokeWidth, outlineStyle, outlineColor } = getComputedStyle(mark);
      return [stroke, strokeWidth, outlineStyle, outlineColor].join();
    };
    return [...document.querySelectorAll<HTMLButtonElement>('button[popovertarget]')].map((button) => {
      const { dataset } = document.documentElement;
      const term = button.popoverTargetElement!.querySelector('b')!.textContent;
      button.focus();
      const mark = dataset['lit'];
      const marks = [...document.querySelectorAll(`[data-mark~="${mark}"]`)];
      const lit = marks.map(looks);
      button.blur();
      const changed = marks.filter((one, i) => looks(one) !== lit[i]).length;
      return { term, mark, marks: marks.length, changed, after: dataset['lit'] };
    });
  });
  for (const { term, mark, marks, changed, after } of found) {
    expect(mark, term).toBe(LIGHTS[term as keyof typeof LIGHTS]);
    expect(after, term).toBeUndefined();
    expect(changed, term).toBe(marks);
    if (mark !== undefined) expect(marks, term).toBeGreaterThan(0);
  }
  const shown = new Set(found.map(({ term }) => term));
  expect(Object.keys(LIGHTS).filter((term) => !shown.has(term))).toEqual(ELSEWHERE);
});
