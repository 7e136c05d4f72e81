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

/** Kinds of weights that a form is held to the CPU with: a form of a form, whose text is long to compile, with fewer. */
const kindsOf = (form: string, storage: StorageName): number => {
  if (form === 'matvec_staged_8') return storage === 'blockwise' ? 1 : 0;
  if (form === 'matvec_staged_subgroups') return storage === 'float' ? 1 : 0;
  return form === 'matvec_staged' && storage !== 'blockwise' && storage !== 'float' ? 1 : 4;
};

/** The forms that decode on other adapters than this one: kernels.gpu.test.ts walks those of this one. */
describe.each(storages)('over %s', (storage) => {
  const here = choicesOf(gpu, storage, 'decode');
  const forms = formsFor(gpu, storage, 'decode').filter(
    ({ form, kernel }) => !here.includes(kernel) && kindsOf(form, storage) > 0,
  );
  const weights = STORAGES[storage].matmul as Weights;

  it('has one', () => expect(forms).not.toHaveLength(0));

  describe.each(forms)('$form', ({ form, kernel }) => {
    const cases = matvecCases(
      {
        normalizes: !['matvec', 'matvec_shuffled'].includes(form),
        reads: form.startsWith('matvec_staged') ? 'loads' : 'words',
      },
      weights,
      (_, j) => (j < kindsOf(form, storage) ? [j % 3] : []),
    );

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

it.skipIf(!gpu.device.features.has('subgroups'))(
  'matvec_staged_subgroups is tested where subgroups are',
  () => {
    expect(formsFor(gpu, 'float', 'decode').map(({ form }) => form)).toContain('matvec_staged_subgroups');
  },
);

it('a few tokens for which weights are decoded once come to the bits of one after the other', async () => {
  const kernelOf = (name: string) =>
    formsFor(gpu, 'blockwise', 'decode').find(({ form }) => form === name)!.kernel;
  const kernel = kernelOf('matvec_staged');
  const [kase] = kernel.cases();
  const together = await runKernel(gpu, kernelOf('matvec_staged_8'), kase!);
  expect(together.y).toEqual((await runKernel(gpu, kernel, kase!)).y);
});
