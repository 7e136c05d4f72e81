import { afterAll, describe, expect, it } from 'vitest';
import { openGpu } from '../device/device.ts';
import { canRun, type KernelCase } from '../device/kernel.ts';
import { runKernel } from '../device/run_kernel.ts';
import { MATMUL_SHAPES, matmulCases, type MatmulShape, type Weights } from '../kernels/matmul.ts';
import { formsFor } from './choose.ts';
import { STORAGES, type StorageName } from './matrix.ts';
import type { OwnKernel } from './storage.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** Past a tile of 64 in both directions, past a step of K, and one whose rows begin within a step. */
const PAST_A_TILE: MatmulShape[] = [
  { M: 70, N: 67, K: 104, first_row: 1, stride: 70, offset: 1, has_bias: 1, bias_row: 2 },
  { M: 66, N: 65, K: 39, first_row: 0, stride: 65, offset: 0, has_bias: 0, bias_row: 0 },
];

const SHAPES = [...MATMUL_SHAPES, ...PAST_A_TILE];

const storages = (Object.keys(STORAGES) as StorageName[]).filter(
  (name) => 'decoding' in STORAGES[name].matmul,
);

/** How weights are decoded is no matter of the form: a browser, which compiles slowly, tries two cases of a storage. */
const IN_BROWSER = 'document' in globalThis;

describe.each(storages)('over %s', (storage) => {
  const forms = formsFor(gpu, storage, 'prefill');
  const cases = matmulCases(STORAGES[storage].matmul as Weights, SHAPES, (_, j) => [j % 3]);

  it.each((IN_BROWSER ? cases.slice(0, 2) : cases).map((kase) => [kase.name, kase] as const))(
    'every tile form is equal to the bit: %s',
    async (_, kase) => {
      const [first, ...others] = await Promise.all(forms.map(({ kernel }) => bitsOf(kernel, kase)));
      expect(others.length).toBeGreaterThan(0);
      for (const other of others) expect(other).toEqual(first);
    },
  );

  it.each(forms.map(({ form, kernel }) => [form, kernel] as const))(
    '%s: a token has the same bits alone, elsewhere, and among others',
    async (_, kernel) => {
      const many = cases.find(({ params }) => params.M === 70)!;
      const { K, stride } = many.params as unknown as MatmulShape;
      const all = await bitsOf(kernel, many);
      for (const [begin, end] of [
        [0, 1],
        [3, 5],
        [41, 70],
      ] as const) {
        const few = {
          ...many,
          params: { ...many.params, M: end - begin },
          arrays: {
            ...many.arrays,
            x: (many.arrays.x as Float32Array<ArrayBuffer>).slice(begin * K, end * K),
            y: (many.arrays.y as Float32Array<ArrayBuffer>).slice(begin * stride, end * stride),
          },
        };
        expect(await bitsOf(kernel, few)).toEqual(all.slice(begin * stride, end * stride));
      }
    },
  );
});

describe('over llm_int8', () => {
  const { matmul } = STORAGES.llm_int8;
  const kernels = (matmul as readonly OwnKernel[])
    .map(({ kernel }) => kernel)
    .filter((kernel) => canRun(gpu, kernel));
  // The last ones go past a tile, with outlier columns and without.
  const cases = kernels[0]!.cases().slice(IN_BROWSER ? -2 : 0);

  it.each(cases.map((kase) => [kase.name, kase] as const))(
    'every form is equal to the bit: %s',
    async (_, kase) => {
      const [first, ...others] = await Promise.all(kernels.map((kernel) => bitsOf(kernel, kase)));
      expect(others.length).toBeGreaterThan(0);
      for (const other of others) expect(other).toEqual(first);
    },
  );
});

async function bitsOf(kernel: Parameters<typeof runKernel>[1], kase: KernelCase): Promise<Uint32Array> {
  const { y } = await runKernel(gpu, kernel, kase);
  return new Uint32Array(y!.buffer);
}

it('would see another order of summation', async () => {
  const { kernel } = formsFor(gpu, 'float', 'prefill')[0]!;
  const [first, second] = ['fma(vec4f(four.x), tile[0], ', 'fma(vec4f(four.y), tile[1], '];
  const wgsl = kernel.wgsl.replace(first, 'TURNED').replace(second, first).replace('TURNED', second);
  const kase = kernel.cases()[0]!;
  expect(await bitsOf({ ...kernel, name: 'turned', wgsl }, kase)).not.toEqual(await bitsOf(kernel, kase));
});
