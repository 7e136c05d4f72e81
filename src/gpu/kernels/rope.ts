import source from '../../../shaders/rope.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** Rotary positions: each pair (x[i], x[i + head_dim/2]) turned by its angle (Su et al. 2021; transformers rotate_half). */
export const rope = defineKernel({
  name: 'rope',
  wgsl: source,
  params: { T: 'u32', heads: 'u32', head_dim: 'u32', first: 'u32' },
  bindings: { x: 'read f32', turns: 'read f32', y: 'read_write f32' },
  workgroups: ({ T, heads, head_dim }) => grid((T * heads * head_dim) / 2),
  reference: ({ T, heads, head_dim, first }, { x, turns, y }) => {
    const out = y.slice();
    const half = head_dim / 2;
    const from = first * heads * head_dim;
    for (let head = 0; head < T * heads; head++) {
      const token = Math.floor(head / heads);
      for (let i = 0; i < half; i++) {
        const cos = turns[2 * (token * half + i)]!;
        const sin = turns[2 * (token * half + i) + 1]!;
        const a = x[head * head_dim + i]!;
        const b = x[head * head_dim + i + half]!;
        out[from + head * head_dim + i] = a * cos - b * sin;
        out[from + head * head_dim + i + half] = b * cos + a * sin;
      }
    }
    return { y: out };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-6 }),
  cases: () => [ropeCase(1, 2, 8, 0), ropeCase(7, 3, 20, 0), ropeCase(5, 1, 64, 4)],
});

function ropeCase(T: number, heads: number, head_dim: number, first: number) {
  return {
    name: `${T} tokens · ${heads} heads of ${head_dim} · from ${first}`,
    params: { T, heads, head_dim, first },
    arrays: {
      x: normals(T * heads * head_dim, 1),
      turns: normals(T * head_dim, 2),
      y: floats((first + T) * heads * head_dim),
    },
  };
}
