import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import rounding from '../../../shaders/preludes/rounding.wgsl?raw';
import source from '../../../shaders/cast.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { roundingOf, COMPUTE_NAMES } from './rounding.ts';

const CAST = { n: 'u32' } as const;

/** y = x rounded to the compute dtype, as a Linear layer rounds its input. */
export const cast = defineKernel({
  name: 'cast',
  wgsl: float16 + rounding + source,
  params: CAST,
  bindings: { x: 'read f32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: (_, { x }, overrides) => ({ y: x.map(roundingOf(overrides)) }),
  tolerance: 'exact',
  cases: () =>
    [0, 1, 2].map((compute) => {
      const x = awkwardFloats();
      return {
        name: `n ${x.length} · compute ${COMPUTE_NAMES[compute]}`,
        params: { n: x.length },
        arrays: { x, y: floats(x.length) },
        overrides: { COMPUTE_DTYPE: compute },
      };
    }),
  traffic: elementTraffic<typeof CAST>({
    elements: ({ n }) => n,
    element: (_, i) => [['x', i]],
    flops: () => 0,
    instructions: () => 22,
  }),
});

/** Normals at many scales, and the ties, limits and subnormals of float16. */
function awkwardFloats(): Float32Array<ArrayBuffer> {
  const x = normals(4001, 1).map((v, i) => v * 2 ** ((i % 50) - 30));
  const limits = [65504, 65519.996, 65520, 65536, 1e6, 2 ** -14, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 2 ** -26];
  const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -14 + 2 ** -25, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 0];
  x.set([...limits, ...ties].flatMap((v) => [v, -v]));
  return x;
}
