import turn from '../../../shaders/preludes/turn.wgsl?raw';
import source from '../../../shaders/rope_qkv.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid, type Params } from '../device/kernel.ts';
import { rope } from './rope.ts';
import { PAIR_WORK, pairTouches, ROPE_PAIR } from './rope_pair.ts';

/** `rope` of queries and keys that one matvec computed with the values beside them, and the latter two into their slots. */
export const rope_qkv = defineKernel({
  name: 'rope_qkv',
  wgsl: turn + source,
  params: ROPE_PAIR,
  bindings: {
    qkv: 'read f32',
    turns: 'read f32',
    turned: 'write f32',
    keys: 'read_write f32',
    values: 'read_write f32',
  },
  workgroups: (params) => grid(pairsOf(params)),
  reference({ T, heads, kv_heads, head_dim, first, ...shape }, { qkv, turns, turned, keys, values }) {
    const row = (heads + 2 * kv_heads) * head_dim;
    const part = (begin: number, count: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: T * count * head_dim }, (_, i) => {
        const width = count * head_dim;
        return qkv[Math.floor(i / width) * row + begin * head_dim + (i % width)]!;
      });
    const turn = { ...shape, T, head_dim };
    const to = values.slice();
    to.set(part(heads + kv_heads, kv_heads), first * kv_heads * head_dim);
    const [q, k] = [part(0, heads), part(heads, kv_heads)];
    return {
      turned: rope.reference({ ...turn, heads, first: 0 }, { x: q, turns, y: turned }, {}).y!,
      keys: rope.reference({ ...turn, heads: kv_heads, first }, { x: k, turns, y: keys }, {}).y!,
      values: to,
    };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-6 }),
  cases: () => [
    qkvCase({ T: 1, heads: 9, kv_heads: 3, head_dim: 64, rotary_dim: 64, interleaved: 0, first: 5 }),
    qkvCase({ T: 3, heads: 3, kv_heads: 1, head_dim: 20, rotary_dim: 6, interleaved: 0, first: 0 }),
    qkvCase({ T: 2, heads: 2, kv_heads: 2, head_dim: 12, rotary_dim: 10, interleaved: 1, first: 3 }),
    qkvCase({ T: 2, heads: 4, kv_heads: 4, head_dim: 12, rotary_dim: 0, interleaved: 0, first: 1 }),
  ],
  traffic: elementTraffic({
    elements: pairsOf,
    element({ heads, kv_heads, ...shape }, i) {
      const [pair, head] = [i % (shape.head_dim / 2), Math.floor(i / (shape.head_dim / 2))];
      const row = heads + 2 * kv_heads;
      const token = Math.floor(head / row);
      // Values are not turned.
      const turns = head % row < heads + kv_heads;
      return pairTouches('qkv', shape, { pair, head, ...(turns && { token }) });
    },
    ...PAIR_WORK,
  }),
});

/** Pairs of components of queries, keys and values. */
function pairsOf({ T, heads, kv_heads, head_dim }: Params<typeof ROPE_PAIR>): number {
  return (T * (heads + 2 * kv_heads) * head_dim) / 2;
}

function qkvCase(params: Params<typeof ROPE_PAIR>) {
  const { T, heads, kv_heads, head_dim, rotary_dim, interleaved, first } = params;
  return {
    name: `${T} tokens · heads ${heads}/${kv_heads} of ${head_dim}, ${rotary_dim} turned · from ${first}${interleaved ? ' · interleaved' : ''}`,
    params,
    arrays: {
      qkv: normals(T * (heads + 2 * kv_heads) * head_dim, 1),
      turns: normals(Math.max(1, T * rotary_dim), 2),
      turned: floats(T * heads * head_dim),
      keys: floats((first + T) * kv_heads * head_dim),
      values: floats((first + T) * kv_heads * head_dim),
    },
  };
}
