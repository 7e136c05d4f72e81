import softcap from '../../../shaders/preludes/softcap.wgsl?raw';
import source from '../../../shaders/attention.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { softcapped } from './scale.ts';

/**
 * Attention of each token over the two ranges of slots it may see: `[0, 0, 0, slot + 1]` is plain causal attention;
 * `[0, context, branch, slot + 1]` lets several continuations share one context. Grouped-query when kv_heads < heads.
 * One pass with a running maximum (Milakov & Gimelshein 2018), so no score matrix exists.
 */
export const attention = defineKernel({
  name: 'attention',
  wgsl: softcap + source,
  params: { T: 'u32', heads: 'u32', kv_heads: 'u32', head_dim: 'u32', scale: 'f32', softcap: 'f32' },
  bindings: { q: 'read f32', keys: 'read f32', values: 'read f32', spans: 'read u32', y: 'write f32' },
  workgroups: ({ T, heads }) => grid(T * heads),
  reference: ({ T, heads, kv_heads, head_dim, scale, softcap }, { q, keys, values, spans }) => {
    const y = floats(T * heads * head_dim);
    for (let i = 0; i < T * heads; i++) {
      const token = Math.floor(i / heads);
      const kv = Math.floor(((i % heads) * kv_heads) / heads);
      const slots = [
        ...range(spans[4 * token]!, spans[4 * token + 1]!),
        ...range(spans[4 * token + 2]!, spans[4 * token + 3]!),
      ];
      const scores = slots.map((slot) => {
        let score = 0;
        for (let d = 0; d < head_dim; d++)
          score += q[i * head_dim + d]! * keys[(slot * kv_heads + kv) * head_dim + d]!;
        return softcapped(score * scale, softcap);
      });
      const peak = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - peak));
      const mass = weights.reduce((a, b) => a + b, 0);
      for (let d = 0; d < head_dim; d++) {
        let mixed = 0;
        slots.forEach((slot, s) => (mixed += weights[s]! * values[(slot * kv_heads + kv) * head_dim + d]!));
        y[i * head_dim + d] = mixed / mass;
      }
    }
    return { y };
  },
  tolerance: () => ({ atol: 2e-6, rtol: 2e-5 }),
  cases: () => [
    attentionCase('causal', 19, 8, 4, 8, (t) => [0, 0, 0, t + 1]),
    attentionCase('one kv head, a later window', 5, 3, 1, 20, (t) => [0, 0, t + 10, t + 14]),
    attentionCase('branches behind a context', 12, 9, 3, 64, (t) => [
      0,
      6,
      t < 6 ? 0 : t - ((t - 6) % 3),
      t + 1,
    ]),
    attentionCase('the widest head', 2, 1, 1, 256, (t) => [0, 0, 0, t + 1]),
    attentionCase('bounded scores', 7, 2, 1, 12, (t) => [0, 0, 0, t + 1], { scale: 1, softcap: 2.5 }),
  ],
});

function attentionCase(
  name: string,
  T: number,
  heads: number,
  kv_heads: number,
  head_dim: number,
  span: (token: number) => [number, number, number, number],
  { scale = 1 / Math.sqrt(head_dim), softcap = 0 } = {},
) {
  const slots = 32;
  return {
    name: `${name} · ${T} tokens · heads ${heads}/${kv_heads} of ${head_dim}`,
    params: { T, heads, kv_heads, head_dim, scale, softcap },
    arrays: {
      q: normals(T * heads * head_dim, 1),
      keys: normals(slots * kv_heads * head_dim, 2),
      values: normals(slots * kv_heads * head_dim, 3),
      spans: Uint32Array.from(range(0, T).flatMap(span)),
      y: floats(T * heads * head_dim),
    },
  };
}

const range = (begin: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
