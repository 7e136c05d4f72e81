import source from '../../../shaders/list_outliers.wgsl?raw';
import { maskWords } from '../device/limits.ts';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { columnMask } from './outlier_columns.ts';

const LIST = { K: 'u32' } as const;

/** The outlier columns as a list, so that what multiplies them looks at no other: how many, then which, ascending. */
export const list_outliers = defineKernel({
  name: 'list_outliers',
  wgsl: source,
  params: LIST,
  bindings: { mask: 'read u32', columns: 'read_write u32' },
  workgroups: ({ K }) => grid(maskWords(K)),
  reference: ({ K }, { mask, columns }) => {
    const listed = columns.slice();
    const found = Array.from({ length: K }, (_, k) => k).filter((k) => (mask[k >> 5]! >>> (k & 31)) & 1);
    listed.set([found.length, ...found]);
    return { columns: listed };
  },
  tolerance: 'exact',
  cases: () => [listCase(33, []), listCase(100, [0, 31, 32, 64, 99]), listCase(2113, [3, 1000, 2048, 2112])],
  traffic: elementTraffic<typeof LIST>({
    elements: ({ K }) => maskWords(K),
    // Every word counts those before it.
    element: (_, i) => Array.from({ length: i + 1 }, (_, word) => ['mask', word] as const),
    flops: () => 0,
    instructions: ({ K }) => 20 + 4 * maskWords(K),
  }),
});

function listCase(K: number, found: readonly number[]) {
  return {
    name: `${found.length} of ${K}`,
    params: { K },
    arrays: { mask: columnMask(found, K), columns: new Uint32Array(1 + K).fill(7) },
  };
}
