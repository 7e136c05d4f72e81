import { afterAll, expect, it } from 'vitest';
import { openGpu } from './device/device.ts';
import { forceForms } from './force_forms.ts';
import { firstDisagreement } from './matrix/equal_bits.ts';
import { choicesOf, FORM_NAMES, formsFor } from './matrix/choose.ts';
import { tune } from './tune.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

it('takes the fastest form of each class, none of which changes a bit, and leaves nothing behind', async () => {
  const { classes } = await tune(gpu, { budget_ms: Infinity, timing_ms: 1 });
  expect(classes.filter(({ phase }) => phase === 'prefill')).toHaveLength(4);
  for (const { phase, form, timings } of classes) {
    expect(timings.map((timing) => timing.form)).toEqual(
      formsFor(gpu, 'blockwise', phase).map((one) => one.form),
    );
    const fastest = Math.min(...timings.map(({ median_ms }) => median_ms));
    expect(timings.find((timing) => timing.form === form)!.median_ms).toBe(fastest);
  }
  const kernels = formsFor(gpu, 'blockwise', 'prefill').map(({ kernel }) => kernel);
  expect(choicesOf(gpu, 'blockwise', 'prefill').every((kernel) => kernels.includes(kernel))).toBe(true);
  expect(await firstDisagreement(gpu, kernels, kernels[0]!.cases().slice(0, 1))).toBeUndefined();
  expect(gpu.forced).toEqual({});
  expect(gpu.allocated.bytes).toBe(0);
});

it('a tuning that ran out of time changes nothing', async () => {
  const { classes } = await tune(gpu, { budget_ms: -1, timing_ms: 1 });
  expect([classes, gpu.tuned]).toEqual([[], []]);
});

it('forms are asked for by their names, one a phase', () => {
  forceForms(gpu, ['tile_32', 'matvec_fused']);
  expect(gpu.forced).toEqual({ prefill: 'tile_32', decode: 'matvec_fused' });
  expect(choicesOf(gpu, 'blockwise', 'decode').map(({ name }) => name)).toEqual(['matvec_fused_blockwise']);
  forceForms(gpu, []);
  expect(gpu.forced).toEqual({});
  const names = FORM_NAMES.map(({ form }) => form).join(', ');
  expect(() => forceForms(gpu, ['tile_33'])).toThrow(`kernels names tile_33; allowed: ${names}.`);
  expect(() => forceForms(gpu, ['tile', 'tile_32'])).toThrow(
    'kernels names tile and tile_32, both for prefill',
  );
  const without = { ...gpu, device: { features: new Set(), limits: {} } as unknown as GPUDevice };
  expect(() => forceForms(without, ['matvec_staged_subgroups'])).toThrow(
    'kernels names matvec_staged_subgroups, which this adapter cannot run; allowed: matvec, ',
  );
});
