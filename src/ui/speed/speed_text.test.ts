import { expect, it } from 'vitest';
import type { BenchRow } from '../../gpu/bench/row.ts';
import { emptyReport, withEvent } from '../../study/bench/bench_event.ts';
import { cardText, sharesSentence } from './speed_text.ts';

const row = (quant_type: string, ceiling_share: number, max_error: number): BenchRow => ({
  ...{ model: 'SmolLM2-135M', layer: 'down', quant_type, variant: 'blocks of 64' },
  ...{ M: 1, N: 576, K: 1536, kernel: 'matvec', rounds: 5, median_ms: 2, iqr_ms: 0.2, gbps: 1, gflops: 1 },
  ...{ ceiling_ms: 2 * ceiling_share, bound: 'read', ceiling_share, max_error, peer: null, speedup: null },
});
const begun = {
  type: 'begun',
  adapter: {
    ...{ vendor: 'apple', architecture: 'metal-3', device: '', description: '' },
    ...{ features: [], language_features: [] },
    limits: { maxBufferSize: 1, maxStorageBufferBindingSize: 1 },
  },
  runtime: 'a browser',
  app: { version: '0.1.0', commit: 'abc' },
  started: '2026-11-30T00:00:00Z',
} as const;

it('the card tells speed, shares of the ceiling, and agreement with the CPU', () => {
  let report = withEvent(undefined, begun);
  const ceiling = { read_gbps: 100, copy_gbps: 90, fma_gflops: 4000 };
  report = withEvent(report, { type: 'ceiling', ceiling });
  const rows = [row('nf4', 0.7, 1e-6), row('nf4', 0.2, 2e-6), row('llm_int8', 0.1, 0.03)];
  for (const each of rows) report = withEvent(report, { type: 'row', row: each, done: 1, total: 3 });
  const text = cardText(report!);
  expect(text).toContain('Nibble on apple metal-3');
  expect(text).toContain('reads: 100 GB/s at most');
  expect(text).toContain('NF4 at its best: 70 % of the ceiling (down 576 × 1536, 1 token)');
  expect(text).toContain('NF4 at its worst: 20 % of the ceiling');
  // LLM.int8() rounds its input on purpose.
  expect(text).toContain('agreement with the CPU: within 2.0e-6 of float64 in 2 products');
  expect(sharesSentence(report!)).toContain('NF4 comes to between 20 % and 70 % of that.');
  expect(cardText(emptyReport(begun))).not.toContain('NF4');
});
