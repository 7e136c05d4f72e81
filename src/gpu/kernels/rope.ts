import turn from '../../../shaders/preludes/turn.wgsl?raw';
import source from '../../../shaders/rope.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/**
 * Rotary positions (Su et al. 2021): of the first `rotary_dim` components of a head each pair (x[i], x[i + rotary_dim/2])
 * turned by its angle (transformers rotate_half), or, interleaved, each (x[2i], x[2i + 1]); the rest stays.
 */
export const rope = defineKernel({
  name: 'rope',
  wgsl: turn + source,
  params: { T: 'u32', heads: 'u32', head_dim: 'u32', rotary_dim: 'u32', interleaved: 'u32', first: 'u32' },
  bindings: { x: 'read f32', turns: 'read f32', y: 'read_write f32' },
  workgroups: ({ T, heads, head_dim }) => grid((T * heads * head_dim) / 2),
  reference: ({ T, heads, head_dim, rotary_dim, interleaved, first }, { x, turns, y }) => {
    const out = y.slice();
    const pairs = rotary_dim / 2;
    const from = first * heads * head_dim;
    out.set(x.subarray(0, T * heads * head_dim), from);
    for (let head = 0; head < T * heads; head++) {
      const token = Math.floor(head / heads);
      for (let i = 0; i < pairs; i++) {
        const cos = turns[2 * (token * pairs + i)]!;
        const sin = turns[2 * (token * pairs + i) + 1]!;
        const at = head * head_dim;
        const [p, q] = interleaved ? [at + 2 * i, at + 2 * i + 1] : [at + i, at + i + pairs];
        const [a, b] = [x[p]!, x[q]!];
        out[from + p] = a * cos - b * sin;
        out[from + q] = b * cos + a * sin;
      }
    }
    return { y: out };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-6 }),
  cases: () => [
    ropeCase({ T: 1, heads: 2, head_dim: 8 }),
    ropeCase({ T: 7, heads: 3, head_dim: 20 }),
    ropeCase({ T: 5, heads: 1, head_dim: 64, first: 4 }),
    ropeCase({ T: 6, heads: 3, head_dim: 20, interleaved: 1, first: 2 }),
    ropeCase({ T: 5, heads: 2, head_dim: 20, rotary_dim: 6 }),
    ropeCase({ T: 5, heads: 2, head_dim: 12, rotary_dim: 10, interleaved: 1, first: 3 }),
    ropeCase({ T: 3, heads: 2, head_dim: 12, rotary_dim: 0, first: 1 }),
  ],
});

interface Shape {
  T: number;
  heads: number;
  head_dim: number;
  rotary_dim?: number;
  interleaved?: 0 | 1;
  first?: number;
}

function ropeCase({ T, heads, head_dim, rotary_dim = head_dim, interleaved = 0, first = 0 }: Shape) {
  const part = rotary_dim === head_dim ? '' : `, ${rotary_dim} of them turned`;
  return {
    name: `${T} tokens · ${heads} heads of ${head_dim}${part} · from ${first}${interleaved ? ' · interleaved' : ''}`,
    params: { T, heads, head_dim, rotary_dim, interleaved, first },
    arrays: {
      x: normals(T * heads * head_dim, 1),
      turns: normals(Math.max(2, T * rotary_dim), 2),
      y: floats((first + T) * heads * head_dim),
    },
  };
}
