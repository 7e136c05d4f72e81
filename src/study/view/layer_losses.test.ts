import { expect, test } from 'vitest';
import { savedRun } from '../../../test/fixtures/run_events.ts';
import { parseConfigs } from '../spec.ts';
import { resultTable } from '../export.ts';
import { buildReport } from '../report/build_report.ts';
import type { ExperimentResult, LayerErrors } from '../result.ts';
import { errorText, layerLoss, losingRows, lossSentences } from './layer_losses.ts';
import { viewOf } from './view.ts';

const saved = await savedRun();
const CALIBRATION = { text: 'samples', tokens: 1024, seed: 0 };

/** Errors of two layers, of which the second loses more of both. */
const errorsOf = (output_error: number, weight_error: number): LayerErrors => ({
  calibration: CALIBRATION,
  tokens: 512,
  layers: [
    { module: 'a', output_error: 0.6 * output_error, weight_error: 0.6 * weight_error },
    { module: 'b', output_error: 0.8 * output_error, weight_error: 0.8 * weight_error },
  ],
});

/** The saved run: float32, INT8 and NF4, with GPTQ in place of FP4, whose outputs are better than NF4's and weights worse. */
const [gptq] = parseConfigs([{ quant_type: 'gptq', group_size: 32 }]);
const result: ExperimentResult = {
  ...saved,
  runs: [
    saved.runs[0]!,
    { ...saved.runs[1]!, errors: errorsOf(0.01, 0.01) },
    { ...saved.runs[2]!, errors: errorsOf(0.12, 0.09) },
    { ...saved.runs[3]!, config: gptq!, errors: errorsOf(0.08, 0.14) },
  ],
};

test('a configuration’s error is the root of the mean square over its layers', () => {
  const loss = layerLoss(errorsOf(0.1, 0.2))!;
  // √((0.06² + 0.08²) / 2)
  expect(loss.output_error).toBeCloseTo(0.1 / Math.SQRT2, 12);
  expect(loss.weight_error).toBeCloseTo(0.2 / Math.SQRT2, 12);
  expect(loss.worst.module).toBe('b');
  expect([layerLoss(undefined), layerLoss({ ...errorsOf(1, 1), layers: [] })]).toEqual([
    undefined,
    undefined,
  ]);
  expect([0.0743, 0.0004, 1.2].map(errorText)).toEqual(['7.43 %', '0.04 %', '120.00 %']);
});

test('by outputs GPTQ is second, by weights last, and the reason is beside it', () => {
  const rows = losingRows(viewOf(result).rows);
  expect(rows.map(({ name }) => name)).toEqual(['INT8 per row', 'GPTQ · g32', 'NF4 · 64']);
  const sentences = lossSentences(rows).join(' ');
  expect(sentences).toContain('512 tokens of a text that the model wrote');
  expect(sentences).toContain(
    'GPTQ · g32 is number 3 of 3 by the error of the weights and number 2 by that of the outputs.',
  );
  const mini = rows.map((row) => ({
    ...row,
    errors: { ...row.errors, calibration: { ...CALIBRATION, text: 'mini_text' } },
  }));
  expect(lossSentences(mini).join(' ')).toContain('tokens of Mini text');
  expect(lossSentences(rows.slice(0, 1)).join(' ')).not.toContain('GPTQ');
  expect([losingRows(viewOf(saved).rows), lossSentences([])]).toEqual([[], []]);
});

test('the terminal and the report have the errors, where there are any', () => {
  const table = resultTable(result);
  expect(table).toMatch(/\| output error \| tokens\/s/);
  expect(table).toMatch(/^\| GPTQ · g32 .* \| 5\.66 % +\| \d+/m);
  expect(table).toMatch(/^\| float32 .* \| - +\| \d+/m);
  expect(resultTable(saved)).not.toContain('output error');
  const sections = (of: ExperimentResult) => buildReport(of).sections.map(({ title }) => title);
  expect(sections(result)).toContain('What the layers lose');
  expect(sections(saved)).not.toContain('What the layers lose');
});
