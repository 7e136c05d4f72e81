import source from '../../../shaders/attention_split.wgsl?raw';
import { floats } from './cases.ts';
import { defineKernel, type Params } from '../device/kernel.ts';
import { collect, type Touched } from '../traffic/touched.ts';
import type { Guiding, Traffic } from '../traffic/predict.ts';
import {
  ATTENTION,
  ATTENTION_CASES,
  ATTENTION_INPUTS,
  ATTENTION_ORDER,
  ATTENTION_TOLERANCE,
  ATTENTION_WORK,
  type AttentionShape,
  attentionCase,
  mixSlots,
  visibleSlots,
} from './attention.ts';

/** Slots of a split. */
export const SPLIT = 64;
/** Heads of a workgroup, and lanes of it. */
const HEADS = 8;
const LANES = 64;
/** vec4s of a head that a step brings. */
const STEP = 8;
/** Places of a head's scores, one more than it has. */
const SCORES = SPLIT + 1;

const SPLIT_ATTENTION = { ...ATTENTION, splits: 'u32' } as const;
type SplitShape = Params<typeof SPLIT_ATTENTION>;

/** How many workgroups share the heads of a head of keys. */
const sharesOf = ({ heads, kv_heads }: AttentionShape): number => Math.ceil(heads / kv_heads / HEADS);

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
  params: SPLIT_ATTENTION,
  bindings: { ...ATTENTION_INPUTS, mixes: 'read_write f32', stats: 'read_write f32' },
  workgroups: (shape) => [shape.splits, shape.T * shape.kv_heads * sharesOf(shape)],
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
  traffic: splitTraffic(),
});

function splitTraffic(): Traffic<typeof SPLIT_ATTENTION> {
  return {
    ...ATTENTION_WORK,
    touched: (shape, _, group, guiding) => touched(shape, group, guiding),
    // A slot's score is one lane's; a vec4 of the mix, too, of as many heads as its share of the lanes has.
    instructions: (shape, _, guiding) =>
      overGroups(
        shape,
        guiding,
        (heads, slots) => LANES * (heads * (1.5 * shape.head_dim + 60) + mixesOf(shape, heads) * slots * 14),
      ),
    shared_reads: (shape, _, guiding) =>
      overGroups(
        shape,
        guiding,
        (heads, slots) => LANES * (heads * (shape.head_dim / 4 + 12) + 8 + mixesOf(shape, heads) * slots),
      ),
  };
}

/** The heads that a lane mixes values for, one after the other, of those of its group. */
const mixesOf = ({ head_dim }: AttentionShape, heads: number): number =>
  Math.ceil(heads / Math.floor(LANES / (head_dim / 4)));

/** What a workgroup has: a token, a head of keys, some of the heads that share it, and some of the token's slots. */
function groupOf(shape: AttentionShape, [x, y]: readonly [number, number], { spans }: Guiding) {
  const { heads, kv_heads } = shape;
  const shared_by = heads / kv_heads;
  const shares = sharesOf(shape);
  const kv_head = Math.floor(y / shares) % kv_heads;
  const first_head = kv_head * shared_by + (y % shares) * HEADS;
  const token = Math.floor(y / (kv_heads * shares));
  return {
    ...{ token, kv_head, first_head },
    heads: Math.min(HEADS, (kv_head + 1) * shared_by - first_head),
    slots: visibleSlots(spans!, token).slice(x * SPLIT, (x + 1) * SPLIT),
  };
}

/** A sum over all workgroups that have slots. */
function overGroups(
  shape: SplitShape,
  guiding: Guiding,
  of: (heads: number, slots: number) => number,
): number {
  let sum = 0;
  for (let y = 0; y < shape.T * shape.kv_heads * sharesOf(shape); y++) {
    for (let x = 0; x < shape.splits; x++) {
      const { heads, slots } = groupOf(shape, [x, y], guiding);
      if (slots.length > 0) sum += of(heads, slots.length);
    }
  }
  return sum;
}

/** What a workgroup reads. */
function touched(shape: AttentionShape, group: readonly [number, number], guiding: Guiding): Touched {
  const { kv_heads } = shape;
  const width = shape.head_dim / 4;
  const { token, kv_head, first_head, heads, slots } = groupOf(shape, group, guiding);
  const { touched, read } = collect(LANES);
  const column = (slot: number, i: number): number => (slot * kv_heads + kv_head) * width + i;
  for (let lane = 0; lane < LANES; lane++) {
    read(lane, ['spans', token]);
    if (slots.length === 0) continue;
    const own = (h: number): void => read(lane, ['scores', h * SCORES + lane]);
    const peak = (h: number): void => {
      for (let i = 0; i < 8; i++) read(lane, ['tops', 8 * h + i]);
    };
    for (let begin = 0; begin < width; begin += STEP) {
      const some = Math.min(STEP, width - begin);
      for (let i = lane; i < SPLIT * STEP; i += LANES) {
        const slot = slots[Math.min(Math.floor(i / STEP), slots.length - 1)]!;
        if (i % STEP < some) read(lane, ['keys', column(slot, begin + (i % STEP))]);
      }
      for (let h = 0; h < heads; h++) {
        own(h);
        for (let d = 0; d < some; d++) {
          const q = (token * shape.heads + first_head + h) * width + begin + d;
          read(lane, ['q', q], ['slot_keys', lane * (STEP + 1) + d]);
        }
      }
    }
    for (let h = 0; h < heads; h++) own(h);
    const part = Math.floor(lane / 8) * SCORES + 8 * (lane % 8);
    for (let i = 0; i < 8; i++) read(lane, ['scores', part + (i ^ (lane & 4))]);
    for (let h = 0; h < heads; h++) {
      own(h);
      peak(h);
    }
    const lanes = Math.floor(LANES / width);
    if (lane >= lanes * width) continue;
    for (let h = Math.floor(lane / width); h < heads; h += lanes) {
      for (const [i, slot] of slots.entries()) {
        read(lane, ['scores', h * SCORES + i], ['values', column(slot, lane % width)]);
      }
      if (lane % width === 0) peak(h);
    }
  }
  return touched;
}

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
