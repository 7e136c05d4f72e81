import strip from '../../../shaders/preludes/strip.wgsl?raw';
import source from '../../../shaders/logit_strips.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** The first half of a softmax that keeps no probabilities: per strip the largest logit, its place, and Σ exp(logit − largest). */
export const logit_strips = defineKernel({
  name: 'logit_strips',
  wgsl: strip + source,
  params: { R: 'u32', V: 'u32', strip: 'u32' },
  bindings: { logits: 'read f32', peaks: 'write f32', places: 'write u32' },
  workgroups: ({ R, V, strip }) => grid(R * Math.ceil(V / strip)),
  reference: ({ R, V, strip }, { logits }) => {
    const strips = Math.ceil(V / strip);
    const peaks = floats(2 * R * strips);
    const places = new Uint32Array(R * strips);
    for (let i = 0; i < R * strips; i++) {
      const row = logits.subarray(Math.floor(i / strips) * V, (Math.floor(i / strips) + 1) * V);
      const begin = (i % strips) * strip;
      const part = row.subarray(begin, begin + strip);
      const place = part.indexOf(Math.max(...part));
      places[i] = begin + place;
      peaks[2 * i] = part[place]!;
      peaks[2 * i + 1] = part.reduce((sum, v) => sum + Math.exp(v - part[place]!), 0);
    }
    return { peaks, places };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () => [stripsCase(3, 1021, 512), stripsCase(1, 512, 512), stripsCase(70, 10, 4)],
});

function stripsCase(R: number, V: number, strip: number) {
  const strips = Math.ceil(V / strip);
  const logits = normals(R * V, V).map((v) => Math.round(10 * v));
  return {
    name: `${R} × ${V} in strips of ${strip}, with equal logits`,
    params: { R, V, strip },
    arrays: { logits, peaks: floats(2 * R * strips), places: new Uint32Array(R * strips) },
  };
}
