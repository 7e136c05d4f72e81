import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { parseResult } from '../src/study/parse_result.ts';
import { encodeResult } from '../src/study/result_link.ts';
import { SCREENS as ALL_SCREENS, type ScreenName } from '../src/ui/shell/screens.ts';
import { expect } from './page.ts';

/** A screen, or a state of one. */
export interface Screen {
  name: string;
  /** Whether the screen itself is in the list, too. */
  state?: true;
  /** What follows the page's own address. */
  address: string;
  /** What is there once the screen has all it shows. */
  ready: string;
  /** What of it is not as on another screen of the list: a selector. */
  part?: string;
  /** Brings the screen into the state. */
  enter?: (page: Page) => Promise<void>;
}

const OWN_CODE = '-1000,-700,-500,-400,-300,-200,-100,0,80,160,240,340,440,560,720,1000';

/** What is there once a screen has all it shows, and what of it is its own; a screen not named here has its title. */
const PLAIN: Partial<Record<ScreenName, Pick<Screen, 'ready' | 'part'>>> = {
  explore: { ready: 'Where do the errors come from?', part: '#first-figure' },
  experiment: { ready: 'Measure this GPU' },
  footprint: { ready: 'What a context takes' },
  lessons: { ready: 'Make a class link' },
  storage: { ready: 'Ask the browser to keep it' },
  speed: { ready: 'Time this GPU' },
  'self-check': { ready: 'Check every kernel' },
};

/** The screens that need no run: of the page's own table, and states of them. */
export const SCREENS: readonly Screen[] = [
  ...ALL_SCREENS.filter(({ screen }) => screen !== 'results').map(({ screen, title }) => ({
    name: title,
    address: `#/${screen}`,
    ...(PLAIN[screen] ?? { ready: title }),
  })),
  {
    name: 'Explore with everything in it',
    state: true,
    address: `#/explore?weights=uniform&int4=1&plant=1&code=${OWN_CODE}`,
    ready: 'Where do the errors come from?',
  },
  {
    name: 'Explore in a lesson',
    state: true,
    address: '?lesson=why-absmax#/explore',
    ready: 'card 1 of',
    part: '[aria-label^="Lesson:"]',
  },
  {
    name: 'Explore for slides',
    state: true,
    address: '?embed#/explore?weights=uniform&int4=1',
    ready: 'INT4 is lowest',
  },
  {
    name: 'Explore, projected',
    state: true,
    address: '?projector#/explore',
    ready: 'Where do the errors come from?',
    part: '#first-figure',
  },
  {
    name: 'a term explained',
    state: true,
    address: '#/explore',
    ready: 'Where do the errors come from?',
    part: '[role=note]:popover-open',
    enter: async (page) => {
      await page.getByRole('main').getByRole('button', { name: 'NF4', exact: true }).first().click();
      await expect(page.getByRole('note')).toBeVisible();
    },
  },
  {
    name: 'Experiment from a class link',
    state: true,
    address: '?title=Week%203%3A%20four%20bits&hide=presets,model,seed,save#/experiment',
    ready: 'Measure this GPU',
  },
  {
    name: 'a damaged link',
    state: true,
    address: '#/experiment?spec=1.x',
    ready: 'The link cannot be opened.',
    part: '[role=alert]',
  },
  {
    name: 'Footprint of a classifier',
    state: true,
    address: '#/footprint?model=gpt2-ag-news',
    ready: 'What a context takes',
  },
  { name: 'no such screen', state: true, address: '#/nowhere', ready: 'nowhere' },
];

/** Keeps a saved result twice in the page's store; the screens of it, of the two, and of a link that carries it. */
export async function screensOf(page: Page, path: string): Promise<Screen[]> {
  const text = await readFile(path, 'utf8');
  const { result, record } = parseResult(JSON.parse(text), 'unused');
  await page.goto('about:blank');
  await page.goto('/#/results');
  await page.getByLabel('Result files').setInputFiles([path, path]);
  await expect(page.getByText('2 runs imported.')).toBeVisible();
  const [first, second] = await page
    .getByRole('link', { name: record.spec.title })
    .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).hash));
  const run = { address: first!, ready: 'Share and keep' };
  return [
    { name: 'Results', address: '#/results', ready: record.spec.title },
    {
      name: 'a question before a deletion',
      state: true,
      address: '#/results',
      ready: record.spec.title,
      enter: async (page) => {
        await page
          .getByRole('button', { name: `Delete ${record.spec.title}` })
          .first()
          .click();
        await expect(page.getByRole('dialog')).toBeVisible();
      },
    },
    { name: 'a run', ...run },
    { name: 'a run for slides', state: true, address: `?embed${first}`, ready: record.spec.title },
    { name: 'two runs', address: `${first}?with=${second!.slice('#/results/'.length)}`, ready: 'Reproduced' },
    {
      name: 'shared results',
      address: `#/results?shared=${await encodeResult(result)}`,
      ready: 'Shared results, not re-run here.',
    },
  ];
}

/** Opens a screen anew, so that nothing of the one before it is left. */
export async function openScreen(page: Page, { address, ready, enter }: Screen): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`/${address}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText(ready).filter({ visible: true }).first()).toBeVisible();
  await enter?.(page);
}

/** Unfolds all that can be unfolded; a state that was entered stays as it is. */
export async function unfold(page: Page, { address, enter }: Screen): Promise<void> {
  if (enter) return;
  const summaries = page.locator('summary').filter({ visible: true });
  // Every figure of Explore has the same kind of table, and axe takes a second for a few hundred cells.
  const most = address.includes('#/explore') ? 2 : await summaries.count();
  // A long list draws only what is in view, so that some are gone once it is scrolled.
  for (let i = 0; i < most && i < (await summaries.count()); i++) await summaries.nth(i).click();
}
