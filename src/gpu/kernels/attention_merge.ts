import source from '../../../shaders/attention_merge.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import type { Touch } from '../traffic/touched.ts';
import { floats } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { ATTENTION_CASES, ATTENTION_TOLERANCE, visibleSlots } from './attention.ts';
import { attention_split, splitCase, splitsOf } from './attention_split.ts';

const MERGE = { T: 'u32', heads: 'u32', head_dim: 'u32', splits: 'u32' } as const;

/** Puts the splits of attention together, in their order (Dao et al. 2023, Flash-Decoding). */
export const attention_merge = defineKernel({
  name: 'attention_merge',
  wgsl: source,
  params: MERGE,
  bindings: { mixes: 'read f32', stats: 'read f32', spans: 'read u32', y: 'write f32' },
  workgroups: ({ T, heads, head_dim }) => grid((T * heads * head_dim) / 4),
  reference: ({ T, heads, head_dim, splits }, { mixes, stats, spans }) => {
    const y = floats(T * heads * head_dim);
    for (let i = 0; i < T * heads; i++) {
      const own = splitsOf(visibleSlots(spans, Math.floor(i / heads)).length);
      const places = Array.from({ length: own }, (_, j) => i * splits + j);
      const peak = Math.max(...places.map((at) => stats[2 * at]!));
      const shrinks = places.map((at) => Math.exp(stats[2 * at]! - peak));
      const mass = places.reduce((sum, at, j) => sum + shrinks[j]! * stats[2 * at + 1]!, 0);
      for (let d = 0; d < head_dim; d++) {
        const mix = places.reduce((sum, at, j) => sum + shrinks[j]! * mixes[at * head_dim + d]!, 0);
        y[i * head_dim + d] = mix / mass;
      }
    }
    return { y };
  },
  tolerance: () => ATTENTION_TOLERANCE,
  cases: () =>
    ATTENTION_CASES.map(splitCase)
      .filter(({ params }) => params.splits > 1)
      .map(({ name, params, arrays }) => {
        const { T, heads, head_dim, splits } = params;
        const { mixes, stats } = attention_split.reference(params, arrays, {});
        return {
          name,
          params: { T, heads, head_dim, splits },
          arrays: { mixes: mixes!, stats: stats!, spans: arrays.spans, y: floats(T * heads * head_dim) },
        };
      }),
  traffic: elementTraffic<typeof MERGE>({
    elements: ({ T, heads, head_dim }) => (T * heads * head_dim) / 4,
    element({ heads, head_dim, splits }, i, { spans }) {
      const width = head_dim / 4;
      const head = Math.floor(i / width);
      const token = Math.floor(head / heads);
      const own = splitsOf(visibleSlots(spans!, token).length);
      const read: Touch[] = [
        ['spans', token],
        ['stats', head * splits],
      ];
      for (let j = 1; j < own; j++) read.push(['stats', head * splits + j]);
      for (let j = 0; j < own; j++) {
        const at = head * splits + j;
        read.push(['stats', at], ['stats', at], ['mixes', at * width + (i % width)]);
      }
      return read;
    },
    flops: ({ splits }) => 11 * splits,
    instructions: ({ splits }) => 80 + 20 * splits,
  }),
});
