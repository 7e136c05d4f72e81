import { afterAll, describe, expect, it } from 'vitest';
import { loggedTouches } from '../fixtures/log_touches.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { canRun, type Kernel, type KernelCase } from '../../src/gpu/device/kernel.ts';
import { KERNELS } from '../../src/gpu/registry.ts';
import type { Touched } from '../../src/gpu/traffic/touched.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** Reads whose texts are walked by every storage's decoding, so that two of them tell of the others. */
const isWalked = ({ name }: Kernel): boolean =>
  !/^tile|^matvec_staged/.test(name) ||
  [
    ...['tile_32_blockwise', 'tile_64_float', 'tile_llm_int8'],
    ...['matvec_staged_blockwise', 'matvec_staged_8_float'],
  ].includes(name);

/** Forms whose text, with what they note, takes a compiler long. */
const isLong = (name: string): boolean => /^tile|^matvec_staged|^attention_tile/.test(name);

const isMatmul = ({ params }: KernelCase): boolean => 'N' in params;

/**
 * Of a matmul one case for each combination of constants but the compute dtype, and one whose rows begin within a step;
 * of others every case, where compiling takes long the last of each combination.
 */
function fewCases({ name, cases }: Kernel): KernelCase[] {
  const kinds = new Set<string>();
  const kindOf = (kase: KernelCase): string => {
    const { params, overrides = {} } = kase;
    const constants = JSON.stringify({ ...overrides, COMPUTE_DTYPE: 0 });
    if (!isMatmul(kase)) return isLong(name) ? constants : kase.name;
    const aligned = params.K! % 8 === 0;
    return `${aligned} ${aligned && !isLong(name) ? constants : ''}`;
  };
  const all = cases();
  return (all.every(isMatmul) ? all : all.reverse()).filter((kase) => {
    const kind = kindOf(kase);
    const isNew = !kinds.has(kind);
    kinds.add(kind);
    return isNew;
  });
}

/** Which columns are outliers depends on data. */
const withoutOutliers = ({ params, ...kase }: KernelCase): KernelCase => ({
  ...kase,
  params: 'N' in params && 'threshold' in params ? { ...params, threshold: 0 } : params,
});

/** Without lanes and arrays that touch nothing, and what depends on data. */
const plain = (touched: Touched, like: Touched = touched): Touched =>
  Object.fromEntries(
    Object.entries(touched)
      .filter(([array]) => array in like)
      .map(([array, lanes]) => [array, lanes.map((lane) => lane.join(' ')).filter(Boolean)] as never),
  );

describe.each(
  KERNELS.filter((kernel) => kernel.traffic && isWalked(kernel) && canRun(gpu, kernel)).map(
    (kernel) => [kernel.name, kernel] as const,
  ),
)('%s', (_, kernel) => {
  it.each(fewCases(kernel).map((kase) => [kase.name, withoutOutliers(kase)] as const))(
    '%s',
    async (_, kase) => {
      const { params, overrides = {} } = kase;
      const [width, height] = kernel.workgroups(params);
      const group = [width - 1, height - 1] as const;
      const told = kernel.traffic!.touched(params, overrides, group, kase.arrays);
      const logged = await loggedTouches(gpu, kernel, kase, group);
      expect(plain(logged, told)).toEqual(plain(told));
      // Which entry of the vocabulary a strip's largest is depends on the logits.
      if (!isMatmul(kase))
        expect(['places', ...Object.keys(told)]).toEqual(expect.arrayContaining(Object.keys(logged)));
    },
  );
});
