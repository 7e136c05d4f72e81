import { describe, expect, it } from 'vitest';
import { savedRun } from '../../test/fixtures/run_events.ts';
import { rowsOf } from '../../test/fixtures/run_rows.ts';
import { assembleResult } from './assemble.ts';
import { resultTable } from './export.ts';
import { buildReport } from './report/build_report.ts';
import { toMarkdown } from './report/markdown.ts';
import { baselineNote, gapSentences, notesOn } from './view/notes.ts';

const saved = await savedRun();
const { record, items } = rowsOf(saved);

describe('timings', () => {
  const spent = { seconds: 0.25, tokens: 30 };
  const timed = items.map((row) => ({ ...row, spent }));
  const perConfig = items.length / saved.runs.length;

  it('are summed over the items, however often the run was interrupted', () => {
    const { timings } = assembleResult(record, timed)!.runs[1]!;
    expect(timings).toEqual({
      load_seconds: saved.runs[1]!.timings.load_seconds,
      ...{ answer_seconds: perConfig / 4, tokens: 30 * perConfig, items: perConfig, tokens_per_second: 120 },
    });
    expect(overview(assembleResult(record, timed)!)[1]).toMatchObject({ 6: '4.00', 7: '250.0' });
  });

  it('are rates of the items that say what they took, where older ones do not', () => {
    const mixed = timed.map((row, i) => (i % 2 ? row : { ...row, spent: undefined }));
    const result = assembleResult(record, mixed as typeof items)!;
    expect(result.runs[1]!.timings.items).toBe(perConfig / 2);
    expect(overview(result)[1]).toMatchObject({ 5: '120', 6: '4.00', 7: '250.0' });
  });

  it('of rows without them are those that came along, and no rate of items is made up', () => {
    const result = assembleResult(record, items)!;
    expect(result.runs[1]!.timings).toEqual(saved.runs[1]!.timings);
    expect(overview(result)[1]).toMatchObject({ 5: '219', 6: '', 7: '' });
  });

  it('are no part of the digest', () => {
    expect(assembleResult(record, timed)!.digest).toBe(saved.digest);
  });
});

describe('a run without its baseline', () => {
  const failure = { code: 'out-of-memory', message: 'float32 needs 9 GB.', hint: '' } as const;
  const without = { ...record, state: 'incomplete' as const, failures: { 0: failure } };
  const [, ...others] = Object.entries(record.configs);
  const result = assembleResult(
    { ...without, configs: Object.fromEntries(others) },
    items.filter(({ config }) => config > 0),
  )!;

  it('compares nothing, and says so', () => {
    expect(result.runs).toHaveLength(3);
    expect(result.comparisons).toEqual([]);
    expect(baselineNote(result)).toBe(
      'float32 is the baseline and has no answers: without them nothing is compared.',
    );
    expect(gapSentences(result)).toEqual(['float32 has 0 of 50 answers: float32 needs 9 GB.']);
  });

  it('so do the report and the table; no other configuration takes its place', () => {
    const report = toMarkdown(buildReport(result));
    for (const text of [report, resultTable(result)]) {
      expect(text).toContain('without them nothing is compared');
      expect(text).toContain('float32 needs 9 GB');
      expect(text).not.toMatch(/distinguishable|less memory than|is the baseline\./);
    }
    expect(overview(result).map((row) => row[4])).toEqual(['', '', '']);
  });

  it('nor does a baseline that was loaded and answered nothing', () => {
    const none = assembleResult(
      without,
      items.filter(({ config }) => config > 0),
    )!;
    expect(none.comparisons).toEqual([]);
    expect(notesOn(none)).toHaveLength(2);
  });
});

it('a result from elsewhere says so in the report and the table', () => {
  const result = assembleResult({ ...record, foreign: true }, items)!;
  expect(toMarkdown(buildReport(result))).toContain('measured elsewhere');
  expect(resultTable(result)).toContain('measured elsewhere');
});

const overview = (result: typeof saved): string[][] => buildReport(result).sections[0]!.table!.rows;
