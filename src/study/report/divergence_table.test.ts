import { expect, test } from 'vitest';
import type { DivergenceSummary } from '../../eval/stats/divergence.ts';
import type { ExperimentResult } from '../result.ts';
import { viewOf } from '../view/view.ts';
import { divergenceSections } from './divergence_table.ts';

const summary: DivergenceSummary = {
  tokens: 1200,
  kl: { value: 0.02492, stderr: 0.00183 },
  kl_percentiles: { 0: 0, 1: 0, 5: 0, 10: 0, 50: 0.0071, 90: 0.1, 95: 0.12, 99: 0.31, 99.9: 0.9, 100: 1.25 },
  dp: { value: -0.012, stderr: 0.002 },
  dp_rms: 0.05,
  dp_percentiles: { 0: -1, 1: 0, 5: 0, 10: 0, 50: 0, 90: 0, 95: 0, 99: 0, 99.9: 0, 100: 1 },
  same_top: { value: 0.888, stderr: 0.009 },
  perplexity_ratio: 1.027,
  perplexity_ratio_ci: [1.013, 1.042],
};

const FLOAT32 = { quant_type: 'none', compute_dtype: 'float32' };
const resultWith = (divergence: DivergenceSummary | undefined) =>
  viewOf({
    spec: { tasks: [], configs: [FLOAT32] },
    environment: { model: {} },
    runs: [
      { config: FLOAT32, tasks: [] },
      {
        config: { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
        tasks: [],
      },
    ],
    comparisons: [{ config: 1, task: 'mini_text', means: [], ratios: [], ...(divergence && { divergence }) }],
  } as unknown as ExperimentResult);

test('a row for each text task of each configuration that was compared', () => {
  const [section] = divergenceSections(resultWith(summary));
  expect(section!.table!.rows).toEqual([
    [
      ...['NF4 · 64, Mini text', '1,200', '0.02492 ± 0.00183', '0.00710', '0.31000', '1.25000'],
      ...['88.8 ± 0.9 %', '−0.01200 ± 0.00200', '5.00 points', '× 1.0270, 95 %: 1.013 to 1.042'],
    ],
  ]);
  expect(section!.table!.header).toHaveLength(section!.table!.rows[0]!.length);
});

test('no section where nothing was compared', () => {
  expect(divergenceSections(resultWith(undefined))).toEqual([]);
});
