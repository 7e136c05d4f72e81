import strip from '../../../shaders/preludes/strip.wgsl?raw';
import source from '../../../shaders/expected_gap.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { logit_strips, STRIPS, stripsIn } from './logit_strips.ts';

/**
 * The part of KL(base ‖ other) that needs every logit: per strip, Σ exp(base − largest base) · (base − other).
 * With the strips' peaks of both it is all a divergence needs, and no probability leaves the GPU.
 */
export const expected_gap = defineKernel({
  name: 'expected_gap',
  wgsl: strip + source,
  params: STRIPS,
  bindings: { base: 'read f32', logits: 'read f32', peaks: 'read f32', gaps: 'read_write f32' },
  workgroups: ({ R, V, strip }) => grid(R * Math.ceil(V / strip)),
  reference: (params, { base, logits, peaks, ...before }) => {
    const gaps = before.gaps.slice();
    for (const { at, from, to } of stripsIn(params)) {
      let gap = 0;
      for (let v = from; v < to; v++) gap += Math.exp(base[v]! - peaks[2 * at]!) * (base[v]! - logits[v]!);
      gaps[at] = gap;
    }
    return { gaps };
  },
  tolerance: () => ({ atol: 1e-5, rtol: 1e-5 }),
  cases: () => [gapCase(3, 1021, 512), gapCase(1, 512, 512), gapCase(70, 10, 4), gapCase(5, 10, 4, 8)],
});

function gapCase(R: number, V: number, strip: number, first = 0) {
  const strips = Math.ceil((first + V) / strip);
  const params = { R, V, strip, first, strips };
  const base = normals(R * V, V).map((v) => 3 * v);
  const noise = normals(R * V, V + 1);
  const logits = base.map((v, i) => v + noise[i]! / 10);
  const written = { peaks: floats(2 * R * strips), places: new Uint32Array(R * strips) };
  const { peaks } = logit_strips.reference(params, { logits: base, ...written }, {});
  return {
    name: `${R} × ${V} from ${first} on in strips of ${strip}`,
    params,
    arrays: { base, logits, peaks: peaks!, gaps: floats(R * strips).fill(-1) },
  };
}
