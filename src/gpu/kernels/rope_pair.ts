import turn from '../../../shaders/preludes/turn.wgsl?raw';
import source from '../../../shaders/rope_pair.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import type { Touch } from '../traffic/touched.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid, type Params } from '../device/kernel.ts';
import { rope } from './rope.ts';

/** The uniform fields of what turns queries and keys at once. */
export const ROPE_PAIR = {
  T: 'u32',
  heads: 'u32',
  kv_heads: 'u32',
  head_dim: 'u32',
  rotary_dim: 'u32',
  interleaved: 'u32',
  first: 'u32',
} as const;

/** What turning a pair of a head's components reads, of the array that holds them and of the turns. */
export function pairTouches(
  array: string,
  {
    head_dim,
    rotary_dim,
    interleaved,
  }: Pick<Params<typeof ROPE_PAIR>, 'head_dim' | 'rotary_dim' | 'interleaved'>,
  { pair, head, token }: { pair: number; head: number; token?: number },
): Touch[] {
  const pairs = rotary_dim / 2;
  const paired = pair < pairs && !interleaved;
  const at = head * head_dim + (paired ? pair : 2 * pair);
  const read: Touch[] = [
    [array, at],
    [array, at + (paired ? pairs : 1)],
  ];
  return token !== undefined && pair < pairs ? [...read, ['turns', token * pairs + pair]] : read;
}

/** Arithmetic of a pair; where it lies is found by divisions. */
export const PAIR_WORK = { flops: () => 6, instructions: () => 80 } as const;

/** `rope` of queries, and of keys into their slots, in one dispatch: where both turn alike. */
export const rope_pair = defineKernel({
  name: 'rope_pair',
  wgsl: turn + source,
  params: ROPE_PAIR,
  bindings: { q: 'read f32', k: 'read f32', turns: 'read f32', turned: 'write f32', keys: 'read_write f32' },
  workgroups: ({ T, heads, kv_heads, head_dim }) => grid((T * (heads + kv_heads) * head_dim) / 2),
  reference: ({ heads, kv_heads, first, ...shape }, { q, k, turns, turned, keys }) => ({
    turned: rope.reference({ ...shape, heads, first: 0 }, { x: q, turns, y: turned }, {}).y!,
    keys: rope.reference({ ...shape, heads: kv_heads, first }, { x: k, turns, y: keys }, {}).y!,
  }),
  tolerance: () => ({ atol: 1e-6, rtol: 1e-6 }),
  cases: () => [
    pairCase({ T: 1, heads: 9, kv_heads: 3, head_dim: 64, rotary_dim: 64, interleaved: 0, first: 5 }),
    pairCase({ T: 7, heads: 3, kv_heads: 1, head_dim: 20, rotary_dim: 6, interleaved: 0, first: 0 }),
    pairCase({ T: 5, heads: 2, kv_heads: 2, head_dim: 12, rotary_dim: 10, interleaved: 1, first: 3 }),
  ],
  traffic: elementTraffic<typeof ROPE_PAIR>({
    elements: ({ T, heads, kv_heads, head_dim }) => (T * (heads + kv_heads) * head_dim) / 2,
    element({ T, heads, kv_heads, ...shape }, i) {
      const [pair, head] = [i % (shape.head_dim / 2), Math.floor(i / (shape.head_dim / 2))];
      const own = head - T * heads;
      return own < 0
        ? pairTouches('q', shape, { pair, head, token: Math.floor(head / heads) })
        : pairTouches('k', shape, { pair, head: own, token: Math.floor(own / kv_heads) });
    },
    ...PAIR_WORK,
  }),
});

function pairCase(params: Params<typeof ROPE_PAIR>) {
  const { T, heads, kv_heads, head_dim, rotary_dim, interleaved, first } = params;
  return {
    name: `${T} tokens · heads ${heads}/${kv_heads} of ${head_dim}, ${rotary_dim} turned · from ${first}${interleaved ? ' · interleaved' : ''}`,
    params,
    arrays: {
      q: normals(T * heads * head_dim, 1),
      k: normals(T * kv_heads * head_dim, 3),
      turns: normals(T * rotary_dim, 2),
      turned: floats(T * heads * head_dim),
      keys: floats((first + T) * kv_heads * head_dim),
    },
  };
}
