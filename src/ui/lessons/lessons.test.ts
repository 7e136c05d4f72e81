import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { specOfQuery } from '../../study/permalink.ts';
import { EXPLORE_QUERY } from '../explore/explore_query.ts';
import { FOOTPRINT_QUERY } from '../footprint/footprint_query.ts';
import { parseRoute } from '../shell/route.ts';
import { isDone } from './condition.ts';
import { LESSONS } from './lessons.ts';
import { parseLesson } from './parse_lesson.ts';

const read = (name: string) => parseLesson(readFileSync(`public/lessons/${name}.md`, 'utf8'));

const strips = ['explore/Strips.svelte', 'explore/ExploreScreen.svelte']
  .map((file) => readFileSync(`src/ui/${file}`, 'utf8'))
  .join('');

/** What cards may wait for: what the screens write into the address, a screen, a run. */
const KEYS = [
  ...Object.values(EXPLORE_QUERY).map(({ key }) => key),
  FOOTPRINT_QUERY.model.key,
  'screen',
  'run',
];

test('every file is in the list', () => {
  expect(readdirSync('public/lessons').sort()).toEqual(LESSONS.map((name) => `${name}.md`).sort());
});

describe.each(LESSONS)('%s', (name) => {
  const { title, summary, cards } = read(name);

  test('has a title, a summary, at most eight cards, and something to do', () => {
    expect(title.length).toBeGreaterThan(3);
    expect(summary).toMatch(/[.?]$/);
    expect(cards.length).toBeGreaterThan(2);
    expect(cards.length).toBeLessThanOrEqual(8);
    expect(cards.some(({ done }) => done)).toBe(true);
  });

  test('opens what there is and waits for what can happen', async () => {
    for (const { open, look, done } of cards) {
      if (look) expect(strips).toContain(`id="${look}"`);
      if (open) {
        const route = parseRoute(open);
        expect(route.screen).not.toBe('unknown');
        if (route.screen === 'experiment' && route.spec) await specOfQuery(route.spec);
      }
      for (const { key } of done ?? []) expect(KEYS).toContain(key);
    }
  });
});

test('Markdown to cards', () => {
  expect(
    parseLesson(
      '# T\n\nSum\nmary.\n\n---\n\nPress **Run** *now*.\n\nopen: #/explore?a=1\ndone: b=2, c>=3, d\n',
    ),
  ).toEqual({
    title: 'T',
    summary: 'Sum mary.',
    cards: [
      {
        paragraphs: [
          [
            { text: 'Press ', style: 'plain' },
            { text: 'Run', style: 'strong' },
            { text: ' ', style: 'plain' },
            { text: 'now', style: 'em' },
            { text: '.', style: 'plain' },
          ],
        ],
        open: '#/explore?a=1',
        done: [
          { key: 'b', test: '=', value: '2' },
          { key: 'c', test: '>=', value: '3' },
          { key: 'd', test: 'given', value: '' },
        ],
      },
    ],
  });
});

test('what the address says', () => {
  const done = (text: string, hash: string, run = false) =>
    isDone(parseLesson(`# T\n\n---\nX\ndone: ${text}\n`).cards[0]!.done!, hash, run);
  expect(done('block=64', '#/explore')).toBe(true);
  expect(done('block=64', '#/explore?block=128')).toBe(false);
  expect(done('threshold<=19, threshold>=1', '#/explore?threshold=12')).toBe(true);
  expect(done('threshold<=19', '#/explore')).toBe(false);
  expect(done('outliers=0, int4=0, book=nf4, rank=16', '#/explore')).toBe(true);
  expect(done('code', '#/explore')).toBe(false);
  expect(done('code', '#/explore?code=1')).toBe(true);
  expect(done('screen=results', '#/results/4f')).toBe(true);
  expect([done('run', '#/'), done('run', '#/', true)]).toEqual([false, true]);
});
