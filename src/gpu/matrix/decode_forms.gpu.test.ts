import { afterAll, describe, expect, it } from 'vitest';
import { checkKernel } from '../check.ts';
import { openGpu } from '../device/device.ts';
import { runKernel } from '../device/run_kernel.ts';
import type { Weights } from '../kernels/matmul.ts';
import { matvecCases } from '../kernels/matvec_kernel.ts';
import { choicesOf, formsFor } from './choose.ts';
import { STORAGES, type StorageName } from './matrix.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const storages = (Object.keys(STORAGES) as StorageName[]).filter(
  (name) => 'decoding' in STORAGES[name].matmul,
);

/** The forms that decode on other adapters than this one: kernels.gpu.test.ts walks those of this one. */
describe.each(storages)('over %s', (storage) => {
  const here = choicesOf(gpu, storage, 'decode');
  const forms = formsFor(gpu, storage, 'decode').filter(({ kernel }) => !here.includes(kernel));
  const weights = STORAGES[storage].matmul as Weights;

  it('has one', () => expect(forms).not.toHaveLength(0));

  describe.each(forms)('$form', ({ form, kernel }) => {
    const cases = matvecCases({ normalizes: form !== 'matvec' }, weights, (_, j) => [j % 3]);

    it.each(cases.map((kase) => [kase.name, kase] as const))('%s', async (_, kase) => {
      expect((await checkKernel(gpu, kernel, kase)).mismatch ?? '').toBe('');
    });

    it('gives a token the same bits alone and among others', async () => {
      const many = cases.find(({ params }) => params.M === 9)!;
      const { K, stride } = many.params as { K: number; stride: number };
      const { y } = await runKernel(gpu, kernel, many);
      const alone = await runKernel(gpu, kernel, {
        ...many,
        params: { ...many.params, M: 1 },
        arrays: {
          ...many.arrays,
          x: (many.arrays.x as Float32Array<ArrayBuffer>).slice(5 * K, 6 * K),
          y: (many.arrays.y as Float32Array<ArrayBuffer>).slice(5 * stride, 6 * stride),
        },
      });
      expect(alone.y).toEqual(y!.slice(5 * stride, 6 * stride));
    });
  });
});
