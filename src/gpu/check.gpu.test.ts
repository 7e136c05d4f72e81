import { afterAll, describe, expect, it } from 'vitest';
import { checkKernel, quickCheck, type CheckRow } from './check.ts';
import { openGpu } from './device/device.ts';
import type { Kernel } from './device/kernel.ts';
import { add } from './kernels/add.ts';
import { COMPUTE_DTYPE } from './kernels/rounding.ts';
import { SCALES, SHIFT } from './kernels/blockwise.ts';
import { choicesOf } from './matrix/choose.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** A kernel under a name of its own: pipelines are kept by name. */
const changed = (name: string, change: Partial<Kernel>): Kernel =>
  ({ ...add, name, ...change }) as unknown as Kernel;

const check = (kernel: Kernel): Promise<CheckRow> => checkKernel(gpu, kernel, kernel.cases()[0]!);

describe('a check', () => {
  it('passes what both sides compute alike', async () => {
    expect(await check(changed('add_right', {}))).toMatchObject({ pass: true, max_error: 0, worst_ratio: 0 });
  });

  it('blames no kernel for what went wrong on the device before it began', async () => {
    // No usage allows both: an invalid buffer, as one without room is, told behind the call.
    gpu.device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
    const rows: CheckRow[] = [];
    const overrides = { COMPUTE_DTYPE: COMPUTE_DTYPE.float32 };
    await quickCheck(gpu, [{ kernels: [changed('add_later', {})], overrides }], (row) => rows.push(row));
    expect(rows).toMatchObject([{ kernel: 'add_later', pass: true }]);
  });

  it('fails a shader that computes something else than its reference', async () => {
    const row = await check(changed('add_twice', { wgsl: add.wgsl.replace('* y[i];', '* 2.0 * y[i];') }));
    expect(row).toMatchObject({ kernel: 'add_twice', case: 'n 1001 · factor 1', pass: false });
    expect(row.max_error).toBeGreaterThan(1);
    expect(row.mismatch).toMatch(/^x: /);
  });

  it('fails a reference that computes something else than its shader', async () => {
    const reference: Kernel['reference'] = (_, { x }) => ({ x: x! });
    expect(await check(changed('add_nothing', { reference }))).toMatchObject({ pass: false });
  });

  it('fails a shader that leaves values unwritten, however lenient the tolerance', async () => {
    const row = await check(
      changed('add_unwritten', {
        bindings: { x: 'write f32', y: 'read f32' },
        wgsl: add.wgsl.replace(
          'x[i] += params.factor * y[i];',
          'if (i == 7) { x[i] = params.factor * y[i]; }',
        ),
        tolerance: () => ({ atol: 1e9, rtol: 1 }),
      }),
    );
    expect(row.pass).toBe(false);
    expect(row.max_error).toBe(Infinity);
  });

  it('fails a shader that does not compile', async () => {
    gpu.device.pushErrorScope('validation');
    const kernel = changed('add_broken', {
      bindings: { x: 'write f32', y: 'read f32' },
      wgsl: `${add.wgsl} nonsense`,
    });
    expect((await check(kernel)).pass).toBe(false);
    expect(await gpu.device.popErrorScope()).not.toBeNull();
  });

  it('tells of a shader that does not compile in its own row alone', async () => {
    const broken = changed('add_broken_beside', { wgsl: `${add.wgsl} nonsense` });
    const kernels = [changed('add_before', {}), broken, changed('add_behind', {})];
    const rows: CheckRow[] = [];
    gpu.device.pushErrorScope('validation');
    await quickCheck(gpu, [{ kernels, overrides: {} }], (row) => rows.push(row));
    expect(await gpu.device.popErrorScope()).not.toBeNull();
    expect(rows.map(({ kernel, pass }) => [kernel, pass])).toEqual([
      ['add_before', true],
      ['add_broken_beside', false],
      ['add_behind', true],
    ]);
  });
});

it('runs each pipeline that is needed once, on the constants that are needed', async () => {
  const rows: CheckRow[] = [];
  const need = {
    kernels: [...choicesOf(gpu, 'blockwise', 'decode'), ...choicesOf(gpu, 'blockwise', 'prefill')],
    overrides: { COMPUTE_DTYPE: COMPUTE_DTYPE.bfloat16, SCALES: SCALES.nested, SHIFT: SHIFT.none },
  };
  await quickCheck(gpu, [need, need], (row) => rows.push(row));
  expect(rows.map(({ kernel }) => kernel)).toEqual(need.kernels.map(({ name }) => name));
  for (const row of rows) {
    expect(row.case).toContain('double quant · compute bfloat16');
    expect(row.pass).toBe(true);
  }
});
