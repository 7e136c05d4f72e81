import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './page.ts';

/** The rules that see colours: the others find in the dark what they find in the light. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

interface Look {
  rules?: string[];
  part?: string | undefined;
}

async function expectNoViolations(page: Page, where: string, { rules, part }: Look): Promise<void> {
  // Legacy: without frames there is nothing to gather, and a second page to gather it in takes a second.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  if (rules) axe.withRules(rules);
  if (part) axe.include(part);
  const { violations, passes } = await axe.analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect.soft(found, where).toEqual([]);
  expect(passes, `${where}: what axe looked at`).not.toEqual([]);
}

/** Axe finds nothing on a page, or on a part of it, in light and in dark. */
export async function expectNoViolationsInAnyColours(
  page: Page,
  where: string,
  part?: string,
): Promise<void> {
  // Without motion: a colour on its way from one to another is neither.
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await expectNoViolations(page, `${where}, light`, { part });
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectNoViolations(page, `${where}, dark`, { rules: COLOUR_RULES, part });
}
