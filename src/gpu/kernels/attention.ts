import order from '../../../shaders/preludes/attention.wgsl?raw';
import softcap from '../../../shaders/preludes/softcap.wgsl?raw';
import source from '../../../shaders/attention.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid, type Arrays, type Overrides, type Params } from '../device/kernel.ts';
import type { Guiding } from '../traffic/predict.ts';
import { softcapped } from './scale.ts';

/** The preludes of every form of attention. */
export const ATTENTION_ORDER = softcap + order;

/** The uniform fields and inputs of every form of attention. */
export const ATTENTION = {
  T: 'u32',
  heads: 'u32',
  kv_heads: 'u32',
  head_dim: 'u32',
  scale: 'f32',
  softcap: 'f32',
} as const;
export const ATTENTION_INPUTS = {
  q: 'read f32',
  keys: 'read f32',
  values: 'read f32',
  spans: 'read u32',
} as const;

/** Attention in numbers. */
export type AttentionShape = Params<typeof ATTENTION>;
type Inputs = Arrays<typeof ATTENTION_INPUTS>;
/** What a device compiles of attention depends on. */
export type Heads = Pick<AttentionShape, 'heads' | 'kv_heads' | 'head_dim'>;

/** Lanes of a workgroup, and heads and their components at most that share a lane. */
const LANES = 16;
const MOST_HEADS = 4;
const MOST_COMPONENTS = 512;

/** How many heads of one key share a lane: the most that divide those it has. */
function headsOfLane({ heads, kv_heads, head_dim }: Heads): number {
  const most = Math.min(MOST_HEADS, Math.floor(MOST_COMPONENTS / head_dim));
  const sharing = heads / kv_heads;
  for (let count = most; count > 1; count--) {
    if (sharing % count === 0) return count;
  }
  return 1;
}

/** The constant that the kernel is compiled with for heads of a shape. */
export const laneOverrides = (shape: Heads): Overrides => ({ HEADS: headsOfLane(shape) });

/**
 * Attention of each token over the two ranges of slots it may see: `[0, 0, 0, slot + 1]` is plain causal attention;
 * `[0, context, branch, slot + 1]` lets several continuations share one context. Grouped-query when kv_heads < heads.
 * Two walks over the slots, so no score matrix exists, and what a token gets depends on nothing but the slots it sees.
 * Heads that read the same keys share a lane.
 */
export const attention = defineKernel({
  name: 'attention',
  wgsl: ATTENTION_ORDER + source,
  params: ATTENTION,
  bindings: { ...ATTENTION_INPUTS, y: 'write f32' },
  workgroups: (shape) => grid((shape.T * shape.heads) / headsOfLane(shape), LANES),
  reference: (shape, inputs) => {
    const { T, heads, head_dim } = shape;
    const y = floats(T * heads * head_dim);
    for (let i = 0; i < T * heads; i++) {
      const { mass, mix } = mixSlots(shape, inputs, i, visibleSlots(inputs.spans, Math.floor(i / heads)));
      mix.forEach((value, d) => (y[i * head_dim + d] = value / mass));
    }
    return { y };
  },
  tolerance: () => ATTENTION_TOLERANCE,
  cases: () => ATTENTION_CASES.map((one) => ({ ...attentionCase(one), overrides: laneOverrides(one) })),
});

export const ATTENTION_TOLERANCE = { atol: 2e-6, rtol: 2e-5 };

/** The slots that a token sees, in the order in which they are added up. */
export function visibleSlots(spans: ArrayLike<number>, token: number): number[] {
  const [a, b, c, d] = spanOf(spans, token);
  return [...range(a, b), ...range(c, d)];
}

/** The two ranges of slots that a token sees: begin, end, begin, end. */
export const spanOf = (spans: ArrayLike<number>, token: number): [number, number, number, number] =>
  [0, 1, 2, 3].map((i) => spans[4 * token + i]!) as [number, number, number, number];

/** What every form of attention reads and computes at least; each score costs a head's components twice. */
export const ATTENTION_WORK = {
  bytes({ T, heads, kv_heads, head_dim }: AttentionShape, { spans }: Guiding): number {
    const slots = new Set(range(0, T).flatMap((t) => visibleSlots(spans!, t)));
    return 4 * head_dim * (T * heads + 2 * kv_heads * slots.size) + 16 * T;
  },
  flops({ T, heads, head_dim }: AttentionShape, { spans }: Guiding): number {
    const seen = range(0, T).reduce((sum, t) => sum + visibleSlots(spans!, t).length, 0);
    return 4 * heads * head_dim * seen;
  },
};

/**
 * Some slots as head `i` (counted over all tokens) sees them: the largest score, Σ exp(score − largest), and
 * Σ exp(score − largest) · value.
 */
export function mixSlots(
  { heads, kv_heads, head_dim, scale, softcap }: AttentionShape,
  { q, keys, values }: Pick<Inputs, 'q' | 'keys' | 'values'>,
  i: number,
  slots: readonly number[],
): { peak: number; mass: number; mix: number[] } {
  const kv = Math.floor(((i % heads) * kv_heads) / heads);
  const scores = slots.map((slot) => {
    let score = 0;
    for (let d = 0; d < head_dim; d++)
      score += q[i * head_dim + d]! * keys[(slot * kv_heads + kv) * head_dim + d]!;
    return softcapped(score * scale, softcap);
  });
  const peak = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - peak));
  const mix = Array.from({ length: head_dim }, (_, d) =>
    slots.reduce((sum, slot, s) => sum + weights[s]! * values[(slot * kv_heads + kv) * head_dim + d]!, 0),
  );
  return { peak, mass: weights.reduce((a, b) => a + b, 0), mix };
}

interface Case {
  name: string;
  T: number;
  heads: number;
  kv_heads: number;
  head_dim: number;
  span: (token: number) => [number, number, number, number];
  scale?: number;
  softcap?: number;
}

/** Shapes of an attention check, each with its own sort of spans. */
export const ATTENTION_CASES: readonly Case[] = [
  { name: 'causal', T: 19, heads: 8, kv_heads: 2, head_dim: 8, span: (t) => [0, 0, 0, t + 1] },
  {
    name: 'one kv head, a later window',
    T: 5,
    heads: 3,
    kv_heads: 1,
    head_dim: 20,
    span: (t) => [0, 0, t + 10, t + 14],
  },
  {
    name: 'branches behind a context',
    T: 12,
    heads: 9,
    kv_heads: 3,
    head_dim: 64,
    span: (t) => [0, 6, t < 6 ? 0 : t - ((t - 6) % 3), t + 1],
  },
  { name: 'the widest head', T: 2, heads: 1, kv_heads: 1, head_dim: 256, span: (t) => [0, 0, 0, t + 1] },
  { name: 'a wide head', T: 18, heads: 2, kv_heads: 1, head_dim: 96, span: (t) => [0, 0, 0, t + 1] },
  {
    name: 'bounded scores',
    T: 7,
    heads: 2,
    kv_heads: 1,
    head_dim: 12,
    span: (t) => [0, 0, 0, t + 1],
    scale: 1,
    softcap: 2.5,
  },
  {
    name: 'two ranges of many slots',
    T: 3,
    heads: 18,
    kv_heads: 2,
    head_dim: 16,
    span: (t) => [3, 60 + t, 70, 200 + 3 * t],
  },
];

/** A case of a form of attention, without the buffers that it alone has. */
export function attentionCase({ name, span, scale, softcap = 0, ...shape }: Case) {
  const { T, heads, kv_heads, head_dim } = shape;
  const spans = Uint32Array.from(range(0, T).flatMap(span));
  const slots = Math.max(...spans);
  return {
    name: `${name} · ${T} tokens · heads ${heads}/${kv_heads} of ${head_dim}`,
    params: { ...shape, scale: scale ?? 1 / Math.sqrt(head_dim), softcap },
    arrays: {
      q: normals(T * heads * head_dim, 1),
      keys: normals(slots * kv_heads * head_dim, 2),
      values: normals(slots * kv_heads * head_dim, 3),
      spans,
      y: floats(T * heads * head_dim),
    },
  };
}

const range = (begin: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
