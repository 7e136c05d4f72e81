import type { Page } from '@playwright/test';
import { layoutFaults } from './layout.ts';
import { expect, test } from './page.ts';
import { openScreen, SCREENS, screensOf, unfold, type Screen } from './screens.ts';

/** A result of the bundled model. */
const RUN = 'test/fixtures/run.json';

/** What remains of a screen at 400 %, a small phone, a tablet, a laptop. */
const PHONE = 360;
const WIDTHS = [320, PHONE, 720, 1280];

/** The main parts of a screen, from top to bottom where there is one column. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  Explore: [
    '4 bits per weight',
    'Put the values',
    'one large weight',
    'errors come from',
    'One block by hand',
  ],
  Experiment: ['What does it cost', 'Model', 'Configurations', 'Questions', 'What a run does'],
  Footprint: ['How much memory', 'What a context takes', 'What training an adapter takes'],
  Lessons: ['Learn it by doing it', 'Make a class link', 'Words'],
  'a run': ['What a score costs', 'What can be said', 'two configurations disagree', 'Share and keep'],
};

async function expectSoundLayout(page: Page, screen: Screen): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openScreen(page, screen);
  await page.waitForLoadState('networkidle');
  await unfold(page, screen);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await expect.soft.poll(() => page.evaluate(layoutFaults), `${screen.name} at ${width} px`).toEqual([]);
    if (width === PHONE) await expectOrder(page, screen.name);
  }
}

async function expectOrder(page: Page, screen: string): Promise<void> {
  const tops: number[] = [];
  for (const name of PARTS[screen] ?? []) {
    const box = await page.getByRole('heading', { name }).first().boundingBox();
    tops.push(box!.y);
  }
  expect.soft(tops, `${screen}: ${PARTS[screen]?.join(', ')}`).toEqual(tops.toSorted((a, b) => a - b));
}

for (const screen of SCREENS) test(`layout: ${screen.name}`, ({ page }) => expectSoundLayout(page, screen));

test('layout of a run', async ({ page }) => {
  for (const screen of await screensOf(page, RUN)) await expectSoundLayout(page, screen);
});

const faulty: [fault: RegExp, html: string][] = [
  [/^the page is \d+ px wider than the window: p "wide"/, '<p style="width: 3000px">wide</p>'],
  [
    /^h2 "second" stands above h2 "first"/,
    '<h2>first</h2><h2 style="position: relative; top: -200px">second</h2>',
  ],
  [/^MAIN begins above the end of HEADER/, '<header style="margin-bottom: -30px"><p>a bar</p></header>'],
  [
    /^button "one" lies on button "two"/,
    '<button>one</button><button style="margin-left: -9px">two</button>',
  ],
  [
    /^button "far" has the focus, but is not seen/,
    '<button style="position: absolute; left: -99px">far</button>',
  ],
  [
    /^a "low" has the focus, but is not seen below div "a card"/,
    '<a href="#">low</a><div style="position: fixed; inset: 0; background: white">a card</div>',
  ],
  [
    /^text "out" reaches out of its figure/,
    '<figure><svg width="90" overflow="visible"><text y="-20">out</text></svg></figure>',
  ],
  [
    /^text "one" lies on text "two"/,
    '<figure><svg><text y="30">one</text><text y="35">two</text></svg></figure>',
  ],
];

for (const [fault, html] of faulty) {
  test(`a fault of the layout is found: ${fault.source}`, async ({ page }) => {
    const [before, within] = html.startsWith('<header') ? [html, ''] : ['', html];
    await page.setContent(`<body>${before}<main style="padding: 40px"><p>text</p>${within}</main></body>`);
    const faults = await page.evaluate(layoutFaults);
    expect(faults).toEqual([expect.stringMatching(fault)]);
  });
}

test('a sound page has no fault', async ({ page }) => {
  await page.setContent(`<body><header><a href="#">home</a></header><main><h1>one</h1><h2>two</h2>
    <label><input type="radio" style="opacity: 0"> a choice</label> <button>go</button></main></body>`);
  expect(await page.evaluate(layoutFaults)).toEqual([]);
});
