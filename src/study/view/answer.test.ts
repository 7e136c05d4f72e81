import { describe, expect, it } from 'vitest';
import { savedRun } from '../../../test/fixtures/run_events.ts';
import { rowsOf } from '../../../test/fixtures/run_rows.ts';
import { assembleResult } from '../assemble.ts';
import { resultTable } from '../export.ts';
import { buildReport } from '../report/build_report.ts';
import { toHtml } from '../report/html.ts';
import { toMarkdown } from '../report/markdown.ts';
import type { ExperimentResult } from '../result.ts';
import { answerOf } from './answer.ts';
import { pointsOf } from './points.ts';
import { textPicture } from './text_picture.ts';
import { viewOf } from './view.ts';

const saved = await savedRun();

/** The saved run with the answers to its questions made wrong: of each configuration the first so many. */
function resultWith(wrong: readonly number[]): ExperimentResult {
  const { record, items } = rowsOf(saved);
  const made = items.map((row) => {
    const { item } = row;
    if (item.output_type !== 'multiple_choice') return row;
    const place = saved.runs[row.config]!.tasks[0]!.items.findIndex(({ doc_id }) => doc_id === item.doc_id);
    const isWrong = place < wrong[row.config]!;
    const pred = isWrong ? (item.gold + 1) % item.lls.length : item.gold;
    const acc = Number(!isWrong);
    return { ...row, item: { ...item, pred, acc, acc_norm: acc, acc_bytes: acc } };
  });
  return assembleResult({ ...record, spec: { ...record.spec, tasks: record.spec.tasks.slice(0, 1) } }, made)!;
}

const names = viewOf(saved).names;
const asked = saved.runs[0]!.tasks[0]!.n;
const bySize = viewOf(saved)
  .rows.slice(1)
  .sort((a, b) => a.footprint.actual_bytes - b.footprint.actual_bytes);
const [smallest, next] = bySize;

describe('the answer of a result', () => {
  // The smallest configuration loses more than half of its answers, the others nothing.
  const lost = saved.runs.map((_, at) => (at === smallest!.index ? Math.ceil(asked * 0.6) : 0));
  const result = resultWith(lost);
  const view = viewOf(result);
  const { verdict, take, proof } = answerOf(view);

  it('is one sentence on who can be told from the baseline, and on how many questions', () => {
    expect(verdict).toContain(`cannot be told from ${names[0]}`);
    expect(verdict).toContain(`; ${smallest!.name} is measurably worse (n = ${asked} of `);
  });

  it('names the smallest that cannot be told from it, what could be missed, and why nothing smaller', () => {
    expect(take[0]).toMatch(
      new RegExp(`^${next!.name}: with .* MB on the device, .* less than ${names[0]},`),
    );
    // Nothing flipped: what may still is 1 - 0.05^(1/n).
    const unseen = (100 * (1 - 0.05 ** (1 / asked))).toFixed(1);
    expect(take[1]).toContain(
      `not one of ${asked} answers changed its score; up to ${unseen} % of all such could`,
    );
    expect(take.at(-1)).toContain(`but: ${smallest!.name} loses 6`);
  });

  it('says what a test with flips could have shown', () => {
    const few = answerOf(viewOf(resultWith(saved.runs.map((_, at) => (at === smallest!.index ? 2 : 0)))));
    expect(few.verdict).not.toContain('worse');
    expect(few.take[0]).toContain(smallest!.name);
    expect(few.take[1]).toMatch(/a loss of \d+\.\d points would have shown four times in five/);
  });

  it('takes the baseline where everything smaller is worse', () => {
    const all = answerOf(viewOf(resultWith(saved.runs.map((_, at) => (at === 0 ? 0 : asked)))));
    expect(all.take[0]).toBe(`${names[0]}: every smaller configuration is measurably worse.`);
  });

  it('proves of each that it is what it says: bytes, first other answer, flips both ways', () => {
    const row = proof[smallest!.index]!;
    const first = Math.min(
      ...saved.runs[0]!.tasks[0]!.items.slice(0, lost[smallest!.index]).map(({ doc_id }) => doc_id),
    );
    expect(row.changed).toContain(`: ${lost[smallest!.index]} of ${asked}, first item ${first}`);
    expect(row.flips).toContain(`0 gained, ${lost[smallest!.index]} lost`);
    expect(proof[0]!.changed).toBe('the baseline');
  });

  it('stands first in the table of the terminal, in Markdown and in HTML', () => {
    const report = buildReport(result);
    const places = (text: string, marks: readonly string[]) => marks.map((mark) => text.indexOf(mark));
    for (const [text, marks] of [
      [
        resultTable(result),
        ['measurably worse', '|-', 'Which one should I take?', 'first item', 'bits/weight'],
      ],
      [
        toMarkdown(report),
        ['measurably worse', 'Which one should I take?', 'first item', '## Configurations'],
      ],
      [
        toHtml(report),
        ['measurably worse', '<svg', 'Which one should I take?', 'first item', '>Configurations<'],
      ],
    ] as const) {
      const found = places(text, marks);
      expect(found.every((place) => place >= 0)).toBe(true);
      expect(found).toEqual([...found].sort((a, b) => a - b));
    }
  });

  it('says so where the weights were 4 bits before', () => {
    const { environment } = result;
    const reading = {
      ...{ bos_in_front: false, warnings: [], version_4_notes: [] },
      weights_on_grid: { blocks: 512, on_grid: 510 },
    };
    const grid = { ...result, environment: { ...environment, model: { ...environment.model, reading } } };
    const said = '510 of 512 blocks of a sample hold at most 16 evenly spaced values';
    expect(viewOf(grid).notes[0]).toContain(said);
    for (const text of [resultTable(grid), toMarkdown(buildReport(grid)), toHtml(buildReport(grid))]) {
      expect(text).toContain(said);
    }
    expect(resultTable(result)).not.toContain('evenly spaced');
  });
});

describe('several tests at once', () => {
  const view = viewOf(saved);
  const tests = view.rows.flatMap(({ scores }) => scores.flatMap(({ tested }) => tested ?? []));

  it('are adjusted to one another by the method chosen, and it is said', () => {
    expect(tests.length).toBeGreaterThan(1);
    expect(view.adjusted).toContain(`${tests.length} tests at once: p-values are adjusted by Holm`);
    expect(tests.every(({ p, test }) => p! >= test.p!)).toBe(true);
    const bh = viewOf(saved, 'bh');
    expect(bh.adjusted).toContain('Benjamini–Hochberg');
    const looser = bh.rows.flatMap(({ scores }) => scores.flatMap(({ tested }) => tested ?? []));
    expect(looser.every(({ p }, i) => p! <= tests[i]!.p! + 1e-15)).toBe(true);
    for (const text of [resultTable(saved), toMarkdown(buildReport(saved))]) {
      expect(text).toContain('p-values are adjusted by Holm');
    }
  });
});

it('draws scores and intervals as text, from the fewest bits on', () => {
  const points = pointsOf(viewOf(saved), { task: saved.spec.tasks[0]!.task, metric: 'acc' });
  const lines = textPicture(points, true);
  expect(lines).toHaveLength(points.length + 1);
  const bits = lines.slice(0, -1).map((line) => Number(/ (\d+\.\d{3}) {2}\|/.exec(line)![1]));
  expect(bits).toEqual([...bits].sort((a, b) => a - b));
  expect(lines.slice(0, -1).every((line) => /\|[ \-o]{40}\|/.test(line) && line.includes('o'))).toBe(true);
  expect(lines.some((line) => line.endsWith('*'))).toBe(true);
});
