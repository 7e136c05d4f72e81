import { afterAll, afterEach, expect, it } from 'vitest';
import { openGpu } from './device/device.ts';
import { KERNEL_VERSION } from './kernel_version.ts';
import { kernelsUsed, takeKernels } from './kernels_used.ts';
import { chooseMatmul, decodingFormName, formsFor } from './matrix/choose.ts';
import { firstDisagreement } from './matrix/equal_bits.ts';
import { pinForms } from './pin_forms.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());
afterEach(() => (gpu.pinned = {}));

/** What this adapter decodes by. */
const own = decodingFormName(gpu);

/** The same adapter under a name that none which computes on the CPU bears: it takes the shared tiles. */
const asHardware = {
  ...gpu,
  adapter: { ...gpu.adapter, architecture: 'ampere', device: '', description: '' },
};
const largest = { M: 512, N: 4096 };
const smallest = { M: 1, N: 1 };

it('takes any form where all are equal to the bit', async () => {
  expect(await pinForms(asHardware, isPlain)).toBeUndefined();
  expect(chooseMatmul(asHardware, 'float', 'prefill', smallest).name).toBe('tile_32_float');
  expect(kernelsUsed(gpu)).toEqual({ version: KERNEL_VERSION, matvec: own, attention: 'attention' });
});

it('takes one form alone where a driver tells them apart', async () => {
  const small = chooseMatmul(asHardware, 'float', 'prefill', smallest);
  const { wgsl } = small;
  const [first, second] = ['fma(vec4f(four.x), tile[0], ', 'fma(vec4f(four.y), tile[1], '];
  small.wgsl = wgsl.replace(first, 'TURNED').replace(second, first).replace('TURNED', second);
  gpu.pipelines.clear();
  try {
    const told = await pinForms(asHardware, isPlain);
    expect(told).toMatchObject({ kernel: 'tile_32_float', pass: true });
    expect(told!.note).toContain('tile_64 serves every shape');
    expect(told!.max_error).toBeGreaterThan(0);
    expect(chooseMatmul(asHardware, 'float', 'prefill', smallest).name).toBe('tile_64_float');
    expect(chooseMatmul(asHardware, 'int8', 'prefill', smallest).name).toBe('tile_64_int8');
    expect(kernelsUsed(asHardware).tile).toBe('tile_64');
  } finally {
    small.wgsl = wgsl;
    gpu.pipelines.clear();
  }
});

it('has nothing to hold against each other where there is one form', async () => {
  const [one] = formsFor(gpu, 'float', 'prefill');
  expect(await firstDisagreement(gpu, [one!.kernel], one!.kernel.cases())).toBeUndefined();
});

it('takes a recorded decoding form again, but none of other kernels', () => {
  takeKernels(gpu, { version: KERNEL_VERSION, matvec: 'matvec', attention: 'attention' });
  expect(gpu.pinned.decode).toBe('matvec');
  takeKernels(gpu, { version: KERNEL_VERSION - 1, matvec: 'matvec', attention: 'attention' });
  expect(gpu.pinned.decode).toBeUndefined();
  takeKernels(gpu, { version: KERNEL_VERSION, matvec: 'a form of the future', attention: 'attention' });
  expect(chooseMatmul(gpu, 'float', 'decode', largest).name).toBe(`${own}_float`);
  expect(kernelsUsed(gpu).matvec).toBe(own);
});

const isPlain = ({ name }: { name: string }, kase: { name: string }): boolean =>
  name === 'tile_64_float' && kase.name === 'M 9 · N 68 · K 64 · F32 · compute float32';
