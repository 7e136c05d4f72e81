import { afterAll, expect, it } from 'vitest';
import { openGpu } from '../device/device.ts';
import { benchKernels, benchSubjects } from './bench_kernels.ts';
import type { BenchGap, BenchRow, Ceiling } from './row.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

it.each([[['SmolLM2-135M', 'k, v', 'nf4', 'M=1 ']], [['SmolLM2-135M', ' none float32', 'K=1', 'M=1 ']]])(
  'measures every planned row of %j, as ratios of one run, and frees what it took',
  async (only) => {
    const rows: (BenchRow | BenchGap)[] = [];
    let ceiling: Ceiling | undefined;
    await benchKernels(gpu, {
      ...{ only, seconds: 0.01 },
      onCeiling: (found) => (ceiling = found),
      onRow: (row) => rows.push(row),
    });
    expect(Object.values(ceiling!).every((rate) => rate > 0)).toBe(true);
    expect(rows.map(({ quant_type, variant }) => [quant_type, variant])).toEqual(
      benchSubjects({ only }).map(({ point }) => [point.quant_type, point.variant]),
    );
    for (const row of rows) {
      if ('why' in row) throw new Error(row.why);
      expect(row.ceiling_share).toBe(row.ceiling_ms / row.median_ms);
      expect(row.max_error, row.kernel).toBeLessThan(1e-4);
      expect(row.peer).toBeNull();
    }
    expect(gpu.allocated.bytes).toBe(0);
  },
);
