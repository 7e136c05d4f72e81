import source from '../../../shaders/attention_split.wgsl?raw';
import { floats } from './cases.ts';
import { defineKernel } from '../device/kernel.ts';
import {
  ATTENTION,
  ATTENTION_CASES,
  ATTENTION_INPUTS,
  ATTENTION_ORDER,
  ATTENTION_TOLERANCE,
  attentionCase,
  mixSlots,
  visibleSlots,
} from './attention.ts';

/** Slots of a split. */
export const SPLIT = 64;
/** Heads of a workgroup. */
const HEADS = 8;

/** The splits of so many slots. */
export const splitsOf = (slots: number): number => Math.ceil(slots / SPLIT);

/**
 * The attention of few tokens, as decoding has them: a token's slots in splits that are worked on at the same time, all
 * heads that share keys together. Splits count from the first slot that a token sees, so that what it gets depends
 * neither on its place nor on its neighbours. With several splits, `attention_merge` puts them together; with one,
 * `mixes` is attention.
 */
export const attention_split = defineKernel({
  name: 'attention_split',
  wgsl: ATTENTION_ORDER + source,
  params: { ...ATTENTION, splits: 'u32' },
  bindings: { ...ATTENTION_INPUTS, mixes: 'read_write f32', stats: 'read_write f32' },
  workgroups: ({ T, heads, kv_heads, splits }) => [
    splits,
    T * kv_heads * Math.ceil(heads / kv_heads / HEADS),
  ],
  reference: (shape, { spans, mixes, stats, ...inputs }) => {
    const { T, heads, head_dim, splits } = shape;
    const written = { mixes: mixes.slice(), stats: stats.slice() };
    for (let i = 0; i < T * heads; i++) {
      const slots = visibleSlots(spans, Math.floor(i / heads));
      for (let split = 0; split < splitsOf(slots.length); split++) {
        const own = slots.slice(split * SPLIT, (split + 1) * SPLIT);
        const { peak, mass, mix } = mixSlots(shape, inputs, i, own);
        const at = i * splits + split;
        written.stats.set([peak, mass], 2 * at);
        written.mixes.set(splits === 1 ? mix.map((value) => value / mass) : mix, at * head_dim);
      }
    }
    return written;
  },
  tolerance: () => ATTENTION_TOLERANCE,
  cases: () => ATTENTION_CASES.map(splitCase),
});

/** A case of the splits. */
export function splitCase(one: (typeof ATTENTION_CASES)[number]) {
  const { name, params, arrays } = attentionCase(one);
  const { T, heads, head_dim } = params;
  const { q, keys, values, spans } = arrays;
  const most = Math.max(...Array.from({ length: T }, (_, t) => visibleSlots(arrays.spans, t).length));
  const splits = splitsOf(most);
  return {
    name: `${name} · splits ${splits}`,
    params: { ...params, splits },
    arrays: {
      ...{ q, keys, values, spans },
      mixes: floats(T * heads * splits * head_dim),
      stats: floats(2 * T * heads * splits),
    },
  };
}
