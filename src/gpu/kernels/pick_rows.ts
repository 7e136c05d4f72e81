import source from '../../../shaders/pick_rows.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/**
 * The same part of every group, one behind the other: of a projection whose rows are [head][q, k, v] the queries of
 * all heads. A group has `group` elements, its part `width` of them from `offset` on.
 */
export const pick_rows = defineKernel({
  name: 'pick_rows',
  wgsl: source,
  params: { n: 'u32', group: 'u32', offset: 'u32', width: 'u32', first: 'u32' },
  bindings: { x: 'read f32', y: 'read_write f32' },
  workgroups: ({ n }) => grid(n),
  reference: ({ n, group, offset, width, first }, { x, y }) => {
    const out = y.slice();
    for (let i = 0; i < n; i++) {
      out[first + i] = x[Math.floor(i / width) * group + offset + (i % width)]!;
    }
    return { y: out };
  },
  tolerance: 'exact',
  cases: () => [pickCase(15, 24, 8, 8, 0), pickCase(6, 60, 40, 20, 40)],
});

function pickCase(groups: number, group: number, offset: number, width: number, first: number) {
  const n = groups * width;
  return {
    name: `${width} of ${group} from ${offset} · to ${first}`,
    params: { n, group, offset, width, first },
    arrays: { x: normals(groups * group, 1), y: floats(first + n) },
  };
}
