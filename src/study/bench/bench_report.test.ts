import { describe, expect, it } from 'vitest';
import type { BenchRow } from '../../gpu/bench/row.ts';
import { headShare, mostGain, parseBenchReport, type BenchReport } from './bench_report.ts';
import { benchTable } from './bench_table.ts';
import { compareBench } from './compare_bench.ts';

const row: BenchRow = {
  ...{ model: 'SmolLM2-135M', layer: 'down', quant_type: 'nf4', variant: 'blocks of 64' },
  ...{ M: 8, N: 576, K: 1536, kernel: 'tile_blockwise', rounds: 5, median_ms: 2, iqr_ms: 0.2 },
  ...{ gbps: 0.3, gflops: 7, ceiling_ms: 1, bound: 'fma', ceiling_share: 0.5, max_error: 1e-6 },
  peer: { name: 'another MatMul', median_ms: 8, iqr_ms: 1, max_error: 1e-6 },
  speedup: 4,
};
const report: BenchReport = {
  ...{ kind: 'nibble bench', version: 1, runtime: 'node 20', started: '2026-11-30T00:00:00Z' },
  app: { version: '0.1.0', commit: 'abc' },
  adapter: {
    ...{ vendor: 'google', architecture: 'swiftshader', device: '', description: 'SwiftShader' },
    ...{ features: [], language_features: [] },
    limits: { maxBufferSize: 1, maxStorageBufferBindingSize: 1 },
  },
  ceiling: { read_gbps: 1, copy_gbps: 1, fma_gflops: 4 },
  rows: [row],
  gaps: [],
};

describe('a report from a file', () => {
  it('is what was written', () => {
    expect(parseBenchReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it.each([
    ['no report', [], 'kind is not "nibble bench"'],
    ['another kind', { ...report, kind: 'nibble result' }, 'allowed: a file that a bench wrote.'],
    ['no rows', { ...report, rows: undefined }, 'rows is undefined; allowed: a list.'],
    ['a time that is none', { ...report, rows: [{ ...row, median_ms: -1 }] }, 'rows.0.median_ms is -1'],
    [
      'a share that is no ratio of its times',
      { ...report, rows: [{ ...row, ceiling_share: 0.9 }] },
      'rows.0.ceiling_share is 0.9; allowed: 0.5, the ratio of',
    ],
    [
      'a speedup that is none',
      { ...report, rows: [{ ...row, speedup: 40 }] },
      'rows.0.speedup is 40; allowed: 4',
    ],
    [
      'a speedup over nothing',
      { ...report, rows: [{ ...row, peer: null }] },
      'rows.0.speedup is 4; allowed: null',
    ],
  ])('is refused where it is %s', (_, json, sentence) => {
    expect(() => parseBenchReport(json)).toThrow(sentence);
  });
});

it('is printed with its ceilings, every row and every gap', () => {
  const gap = { ...row, why: 'No room on the GPU.' };
  const text = benchTable({ ...report, gaps: [gap] }, 'SwiftShader');
  expect(text).toContain('At most it reads 1 GB/s');
  expect(text).toContain('| 2 ± 0.1');
  expect(text).toContain('4×');
  expect(text).toContain('No room on the GPU.');
});

it('two are compared by the rows that both have', () => {
  const faster = { ...row, median_ms: 1, ceiling_share: 1, speedup: 8 };
  const other = { ...row, M: 1 };
  const found = compareBench(report, { ...report, rows: [faster, other] });
  expect(found).toMatchObject({ only: [0, 1], same_adapter: true, rows: [{ a_ms: 2, b_ms: 1, faster: 2 }] });
  expect(found.sentence).toContain('the second takes 0.5 times as long');
});

it('says what NF4 can gain: of SmolLM2-135M 2.31 times, with half of the bytes in its head', () => {
  const bytes = { weights_16: 212.3e6, weights_nf4: 59.7e6, head: 56.6e6 };
  expect(mostGain(bytes)).toBeCloseTo(2.31, 2);
  expect(headShare(bytes)).toBeCloseTo(0.49, 2);
});
