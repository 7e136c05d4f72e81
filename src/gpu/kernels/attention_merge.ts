import source from '../../../shaders/attention_merge.wgsl?raw';
import { floats } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { ATTENTION_CASES, ATTENTION_TOLERANCE, visibleSlots } from './attention.ts';
import { attention_split, splitCase, splitsOf } from './attention_split.ts';

/** Puts the splits of attention together, in their order (Dao et al. 2023, Flash-Decoding). */
export const attention_merge = defineKernel({
  name: 'attention_merge',
  wgsl: source,
  params: { T: 'u32', heads: 'u32', head_dim: 'u32', splits: 'u32' },
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
});
