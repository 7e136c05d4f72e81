import { describe, expect, it } from 'vitest';
import { COMPUTE_DTYPE } from '../kernels/rounding.ts';
import { blockParams, rangeParams, SCALES, SHIFT } from '../kernels/blockwise.ts';
import { UNFUSED } from '../kernels/matvec_kernel.ts';
import { MATMULS } from '../matrix/choose.ts';
import type { Kernel, Overrides } from '../device/kernel.ts';
import { MACHINES } from '../../../test/fixtures/machines.ts';
import { predict, timeOf, workOf } from './predict.ts';
import { bankConflicts, elementBytes, useOf } from './touched.ts';

/** Rows and columns of some matrices of SmolLM2-135M, Qwen2.5-0.5B, Llama-3.2-1B and GPT-2. */
const LAYERS = [
  [576, 576],
  [576, 1536],
  [4864, 896],
  [2048, 2048],
  [768, 3072],
] as const;

const kernelOf = (name: string): Kernel => MATMULS.find((kernel) => kernel.name === name)!;

const shape = (M: number, N: number, K: number) => ({
  ...{ M, N, K, first_row: 0, stride: N, offset: 0, has_bias: 0, bias_row: 0, accumulate: 0 },
  ...UNFUSED,
  ...{ ...blockParams(64), ...rangeParams([]), scale_stride: 1 },
});

const ABSMAX: Overrides = { SCALES: SCALES.absmax, SHIFT: SHIFT.none, COMPUTE_DTYPE: COMPUTE_DTYPE.float32 };
const NESTED: Overrides = { ...ABSMAX, SCALES: SCALES.nested };

describe.each(LAYERS)('%i rows of %i weights, one token', (N, K) => {
  const forms = ['matvec_staged', 'matvec_staged_8', 'matvec_fused'];
  const storages = ['blockwise', 'float', 'int8', 'bytes'];
  it.each(forms.flatMap((form) => storages.map((storage) => `${form}_${storage}`)))(
    '%s uses four fifths of what memory brings',
    (name) => {
      const { wgsl, traffic } = kernelOf(name);
      const widths = elementBytes(wgsl);
      const touched = traffic!.touched(shape(1, N, K), { ...ABSMAX, DTYPE: 0 }, [1, 0], {});
      const stream = ['packed', 'weight', 'CB', 'codes'].find((array) => array in touched)!;
      for (const line of [32, 64]) {
        const use = useOf(touched[stream]!, { bytes: widths[stream]!, line, subgroup: 32 });
        expect(use.useful / use.lines).toBeGreaterThanOrEqual(0.8);
      }
    },
  );

  it.each(['matvec_fused_blockwise', 'matvec_llm_int8'])('%s keeps 24 cores in two groups each', (name) => {
    const [width, height] = kernelOf(name).workgroups(shape(1, N, K));
    expect(width * height).toBeGreaterThanOrEqual(2 * 24);
  });

  it("lanes that read LLM.int8()'s words use four fifths of every line that an instruction asks for", () => {
    const { CB } = kernelOf('matvec_llm_int8').traffic!.touched(shape(1, N, K), {}, [1, 0], {});
    for (const line of [32, 64]) {
      const use = useOf(CB!, { bytes: 4, line, subgroup: 32 });
      expect(use.useful / use.asked).toBeGreaterThanOrEqual(0.8);
    }
  });

  it.each(Object.entries(MACHINES))('the model sees 4 bits near the ceiling of an %s', (_, ceilings) => {
    const share = (overrides: Overrides): number =>
      predict(kernelOf('matvec_staged_blockwise'), { params: shape(1, N, K), overrides }, ceilings)!.share;
    expect(share(ABSMAX)).toBeGreaterThanOrEqual(0.7);
    expect(share(NESTED)).toBeGreaterThanOrEqual(0.65);
  });

  it('lanes that read 16 bytes each use four fifths of every line of 32 bytes that an instruction asks for', () => {
    const { packed } = kernelOf('matvec_staged_blockwise').traffic!.touched(
      shape(1, N, K),
      ABSMAX,
      [1, 0],
      {},
    );
    const loads = packed!.map((lane) => lane.slice(0, 2 * Math.floor(K / 256)));
    const use = useOf(loads, { bytes: 16, line: 32, subgroup: 32 });
    expect(use.useful / use.asked).toBeGreaterThanOrEqual(0.8);
  });

  it.each(['blockwise', 'float', 'int8'])(
    'and find their inputs without conflicts of banks: %s',
    (storage) => {
      const { xs } = kernelOf(`matvec_staged_${storage}`).traffic!.touched(
        shape(1, N, K),
        { ...ABSMAX, DTYPE: 0 },
        [0, 0],
        {},
      );
      const together = xs!.map((lane) => lane.slice(0, Math.floor(K / 32)));
      expect(bankConflicts(together, { bytes: 16, subgroup: 32 })).toBe(1);
    },
  );
});

describe.each(['tile_32', 'tile_64'])('%s', (form) => {
  it.each(['blockwise', 'float'])('reads workgroup memory without conflicts of banks: %s', (storage) => {
    const kernel = kernelOf(`${form}_${storage}`);
    const touched = kernel.traffic!.touched(shape(64, 64, 64), { ...ABSMAX, DTYPE: 0 }, [0, 0], {});
    for (const array of ['xs', 'ws']) {
      for (const subgroup of [8, 16, 32, 64]) {
        expect(bankConflicts(touched[array]!, { bytes: 16, subgroup })).toBe(1);
      }
    }
  });
});

describe.each([
  ['tile_32', 576],
  ['tile_64', 1536],
] as const)('512 tokens by %s', (form, N) => {
  it.each(['blockwise', 'float', 'int8', 'bytes'])(
    'the model sees nearly half of the arithmetic: %s',
    (storage) => {
      const kernel = kernelOf(`${form}_${storage}`);
      for (const compute of ['float32', 'float16', 'bfloat16'] as const) {
        const overrides = { ...ABSMAX, DTYPE: 0, COMPUTE_DTYPE: COMPUTE_DTYPE[compute] };
        const work = workOf(kernel, { params: shape(512, N, 256), overrides })!;
        for (const ceilings of Object.values(MACHINES)) {
          const { share, bound } = timeOf(work, ceilings);
          expect(bound).toBe('instructions');
          expect(share).toBeGreaterThanOrEqual(0.45);
        }
      }
    },
  );
});

it('computes by hand: a matvec of 8 rows of 64 weights', () => {
  const params = shape(1, 8, 64);
  const ceilings = { read_bytes_per_second: 1e9, flops_per_second: 1e12 };
  const found = predict(
    kernelOf('matvec_fused_float'),
    { params, overrides: { ...ABSMAX, DTYPE: 0 } },
    ceilings,
  )!;
  // 64 of x and 8 rows of 64, in float32.
  expect(found).toMatchObject({ bytes: 4 * 64 * 9, flops: 2 * 8 * 64, bound: 'memory' });
  expect(found.ms).toBeCloseTo((4 * 64 * 9) / 1e6, 4);
  expect(found.share).toBeGreaterThan(0.99);
});

it('sees what a lane a row would read by itself', () => {
  // Lanes 256 bytes apart, 4 bytes each.
  const lanes = Array.from({ length: 64 }, (_, lane) => [64 * lane]);
  expect(useOf(lanes, { bytes: 4, line: 64, subgroup: 32 })).toEqual({
    useful: 256,
    lines: 4096,
    asked: 4096,
  });
  expect(bankConflicts(lanes, { bytes: 4, subgroup: 32 })).toBe(32);
});

it('knows nothing of a kernel that nobody wrote it down of', () => {
  expect(predict(kernelOf('gemm_llm_int8'), { params: shape(1, 8, 64) }, MACHINES.M3!)).toBeUndefined();
});
