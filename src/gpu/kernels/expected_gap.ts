import strip from '../../../shaders/preludes/strip.wgsl?raw';
import source from '../../../shaders/expected_gap.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { logit_strips } from './logit_strips.ts';

/**
 * The part of KL(base ‖ other) that needs every logit: per strip, Σ exp(base − largest base) · (base − other).
 * With the strips' peaks of both it is all a divergence needs, and no probability leaves the GPU.
 */
export const expected_gap = defineKernel({
  name: 'expected_gap',
  wgsl: strip + source,
  params: { R: 'u32', V: 'u32', strip: 'u32' },
  bindings: { base: 'read f32', logits: 'read f32', peaks: 'read f32', gaps: 'write f32' },
  workgroups: ({ R, V, strip }) => grid(R * Math.ceil(V / strip)),
  reference: ({ R, V, strip }, { base, logits, peaks }) => {
    const strips = Math.ceil(V / strip);
    const gaps = floats(R * strips);
    for (let i = 0; i < R * strips; i++) {
      const row = Math.floor(i / strips) * V;
      const begin = (i % strips) * strip;
      let gap = 0;
      for (let v = row + begin; v < row + Math.min(begin + strip, V); v++) {
        gap += Math.exp(base[v]! - peaks[2 * i]!) * (base[v]! - logits[v]!);
      }
      gaps[i] = gap;
    }
    return { gaps };
  },
  tolerance: () => ({ atol: 1e-5, rtol: 1e-5 }),
  cases: () => [gapCase(3, 1021, 512), gapCase(1, 512, 512), gapCase(70, 10, 4)],
});

function gapCase(R: number, V: number, strip: number) {
  const strips = Math.ceil(V / strip);
  const base = normals(R * V, V).map((v) => 3 * v);
  const noise = normals(R * V, V + 1);
  const logits = base.map((v, i) => v + noise[i]! / 10);
  const written = { peaks: floats(2 * R * strips), places: new Uint32Array(R * strips) };
  const { peaks } = logit_strips.reference({ R, V, strip }, { logits: base, ...written }, {});
  return {
    name: `${R} × ${V} in strips of ${strip}`,
    params: { R, V, strip },
    arrays: { base, logits, peaks: peaks!, gaps: floats(R * strips) },
  };
}
