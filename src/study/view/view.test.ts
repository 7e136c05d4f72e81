import { expect, test } from 'vitest';
import type { MultipleChoiceItem } from '../../eval/item.ts';
import { assembleResult } from '../assemble.ts';
import type { RunRecord } from '../record.ts';
import type { ExperimentResult } from '../result.ts';
import { parseSpec } from '../spec.ts';
import { intervalOf, megabytes, ratioText, scoreText, shareText } from './format.ts';
import { viewOf } from './view.ts';

const code = Array.from({ length: 16 }, (_, i) => -1 + (2 * i) / 15);
const own = { quant_type: 'custom', code };
const spec = parseSpec({
  version: 1,
  model: { source: 'bundled', name: 'nibble-tiny' },
  configs: [{ quant_type: 'none' }, own, { ...own, code: code.map((c) => c ** 3) }],
  tasks: [{ task: 'mini_arc' }],
  seed: 1,
});
const item = (doc_id: number, acc: number): MultipleChoiceItem => ({
  ...{ doc_id, output_type: 'multiple_choice', lls: acc ? [-1, -2] : [-2, -1], is_greedy: [true, false] },
  ...{ tokens: [1, 1], pred: 1 - acc, pred_norm: 1 - acc, pred_bytes: 1 - acc, gold: 0 },
  ...{ acc, acc_norm: acc, acc_bytes: acc },
});
const measured = { footprint: {}, timings: {} } as RunRecord['configs'][number];
const record = {
  id: 'a',
  spec,
  state: 'done',
  created: '',
  environment: { model: {} },
  configs: [0, 1, 2].map(() => measured),
};
// Right of four: 4, 3, 2.
const items = [4, 3, 2].flatMap((right, config) =>
  [0, 1, 2, 3].map((doc_id) => ({
    ...{ run_id: 'a', config, task: 'mini_arc' as const, doc_id, item: item(doc_id, Number(doc_id < right)) },
  })),
);
const result = assembleResult(record as unknown as RunRecord, items)!;

test('rows, scores, verdicts and power, under names of which no two are the same', () => {
  const { names, rows, tasks, divergences, baseline, notes } = viewOf(result);
  expect(names).toEqual(['float32', 'CUSTOM · 64', 'CUSTOM · 64 (2)']);
  expect(rows.map(({ scores }) => scores[0]!.primary!.value)).toEqual([1, 0.75, 0.5]);
  expect(rows.map(({ scores }) => scores[0]!.comparison?.means[0]!.lost)).toEqual([undefined, 1, 2]);
  expect(tasks[0]!.verdicts.map((verdict) => verdict.split(' is ')[0])).toEqual(names.slice(1));
  // The second loses two of four.
  expect(tasks[0]!.power).toContain('With n = 4 and 50.0 % of the docs flipping');
  expect([divergences, notes]).toEqual([[], []]);
  expect(baseline).toBe(rows[0]);
  expect(viewOf({ ...result, digest_fits: false }).notes).toEqual([
    expect.stringContaining('do not fit the digest'),
  ]);
  expect(viewOf(result).warnings).toEqual([]);
  const reading = { bos_in_front: true, warnings: ['not read: a'], version_4_notes: [] };
  const warned = { ...result, environment: { model: { reading } } } as unknown as ExperimentResult;
  expect(viewOf(warned).warnings).toEqual(['not read: a']);
});

test('one way to print each number', () => {
  expect(scoreText({ value: 0.75, stderr: 0.25 })).toBe('0.750 ± 0.250');
  expect(intervalOf({ value: 0.5, stderr: 0.1 })!.map((end) => end.toFixed(3))).toEqual(['0.304', '0.696']);
  expect(intervalOf({ value: 5, stderr: null })).toBeUndefined();
  expect(megabytes(1_448_136)).toBe('1.448');
  expect(shareText(0.888, 0.009)).toBe('88.8 ± 0.9 %');
  expect(ratioText({ perplexity_ratio: 1.027, perplexity_ratio_ci: [1.013, 1.042] })).toBe(
    '× 1.0270, 95 %: 1.013 to 1.042',
  );
});
