import { describe, expect, it } from 'vitest';
import { WIDTHS } from '../bench/layers.ts';
import { STRIP } from '../device/limits.ts';
import type { Kernel, KernelCase } from '../device/kernel.ts';
import { attention_split, splitsOf } from '../kernels/attention_split.ts';
import { attention_tile } from '../kernels/attention_tile.ts';
import { matvec_llm_int8 } from '../kernels/gemm_llm_int8.ts';
import { int8_vectorwise_quant_group, logit_strips_group, rms_norm_group } from '../kernels/grouped.ts';
import { pick_targets } from '../kernels/pick_targets.ts';
import { timeOf, workOf } from './predict.ts';
import { bankConflicts, elementBytes, useOf } from './touched.ts';

const [split, tile] = [attention_split, attention_tile] as unknown as [Kernel, Kernel];

const touchedBy = (
  { traffic }: Kernel,
  { params, overrides = {}, arrays }: KernelCase,
  x: number,
  y: number,
) => traffic!.touched(params, overrides, [x, y], arrays);

describe.each([split, tile].map((kernel) => [kernel.name, kernel] as const))('%s', (_, kernel) => {
  it.each(kernel.cases().map((kase) => [kase.name, kase] as const))(
    'all groups together read as many bytes as are said: %s',
    (_, kase) => {
      const [width, height] = kernel.workgroups(kase.params);
      let bytes = 0;
      for (const [array, width_of_one] of Object.entries(elementBytes(kernel.wgsl))) {
        const read = new Set<number>();
        for (let x = 0; x < width; x++) {
          for (let y = 0; y < height; y++) {
            for (const i of touchedBy(kernel, kase, x, y)[array]?.flat() ?? []) read.add(i);
          }
        }
        // What lies behind the end of an array is not read.
        const length = (4 * kase.arrays[array]!.length) / width_of_one;
        bytes += width_of_one * [...read].filter((i) => i < length).length;
      }
      const told = kernel.traffic!.bytes!(kase.params, kase.arrays);
      expect(told).toBeLessThanOrEqual(bytes);
      // Narrow heads' tiles look past the last slot of a range.
      expect(told).toBeGreaterThanOrEqual(0.99 * bytes);
    },
  );
});

/** Arrays that lanes share, and the bytes of an element. */
const SHARED: readonly (readonly [Kernel, Readonly<Record<string, number>>])[] = [
  [split, { slot_keys: 16, scores: 4, tops: 4 }],
  [tile, { queries: 16, slot_keys: 16, weights: 4 }],
  [rms_norm_group as unknown as Kernel, { partials: 4 }],
  [int8_vectorwise_quant_group as unknown as Kernel, { values: 4, value_places: 4 }],
  [matvec_llm_int8 as unknown as Kernel, { parts: 4 }],
];

it.each(SHARED.map(([kernel, arrays]) => [kernel.name, kernel, arrays] as const))(
  '%s reads workgroup memory without conflicts of banks',
  (_, kernel, arrays) => {
    // Heads narrower than any model's leave lanes to more heads at a time than there are banks.
    for (const kase of kernel.cases().filter(({ params }) => (params.head_dim ?? 64) >= 64)) {
      const touched = touchedBy(kernel, kase, 0, 0);
      for (const [array, bytes] of Object.entries(arrays)) {
        for (const subgroup of [8, 16, 32, 64]) {
          expect(bankConflicts(touched[array]!, { bytes, subgroup }), `${array} ${kase.name}`).toBe(1);
        }
      }
    }
  },
);

it.each(Object.entries(WIDTHS))(
  '%s: cores of a GPU find work',
  (_, { heads, kv_heads, head_dim, vocabulary: V }) => {
    const [width, height] = logit_strips_group.workgroups({
      ...{ R: 1, V, strip: STRIP, first: 0, strips: Math.ceil(V / STRIP) },
    });
    expect(width * height).toBeGreaterThanOrEqual(2 * 24);
    // A group for 64 slots of a head of keys: short texts have too few, and little to read.
    const shape = { T: 1, heads, kv_heads, head_dim, scale: 1, softcap: 0 };
    const groups = (slots: number): number => {
      const [x, y] = attention_split.workgroups({ ...shape, splits: splitsOf(slots) });
      return x * y;
    };
    expect(groups(1024)).toBeGreaterThanOrEqual(24);
    expect(groups(128)).toBe(2 * kv_heads);
  },
);

it('one group keeps one of 24 cores busy', () => {
  const [kase] = rms_norm_group.cases() as unknown as KernelCase[];
  const work = workOf(rms_norm_group as unknown as Kernel, kase!)!;
  const ceilings = { read_bytes_per_second: 1e15, flops_per_second: 1e12 };
  expect(work.groups).toBe(1);
  expect(timeOf(work, ceilings).ms).toBeCloseTo(24 * timeOf({ ...work, groups: 24 }, ceilings).ms, 6);
});

it('a target is one logit of a line, whatever the kernel does', () => {
  const [kase] = pick_targets.cases() as unknown as KernelCase[];
  const { logits } = touchedBy(pick_targets as unknown as Kernel, kase!, 0, 0);
  const { useful, lines } = useOf(logits!, { bytes: 4, line: 64, subgroup: 32 });
  expect(useful / lines).toBe(1 / 16);
});
