import topStrip from '../../../shaders/preludes/top_strip.wgsl?raw';
import source from '../../../shaders/logprobs.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { logit_strips } from './logit_strips.ts';
import { pick_targets } from './pick_targets.ts';

/** The log-probability of each wanted (row, target), and the most likely token of its row; nothing else leaves the GPU. */
export const logprobs = defineKernel({
  name: 'logprobs',
  wgsl: topStrip + source,
  params: { W: 'u32', strips: 'u32' },
  bindings: {
    targets: 'read f32',
    peaks: 'read f32',
    places: 'read u32',
    wanted: 'read u32',
    logprob: 'write f32',
    best: 'write u32',
  },
  workgroups: ({ W }) => grid(W),
  reference: ({ W, strips }, { targets, peaks, places, wanted }) => {
    const logprob = floats(W);
    const best = new Uint32Array(W);
    for (let i = 0; i < W; i++) {
      const first = wanted[2 * i]! * strips;
      let top = first;
      for (let s = first; s < first + strips; s++) if (peaks[2 * s]! > peaks[2 * top]!) top = s;
      const peak = peaks[2 * top]!;
      let mass = 0;
      for (let s = first; s < first + strips; s++) {
        mass += peaks[2 * s + 1]! * Math.exp(peaks[2 * s]! - peak);
      }
      logprob[i] = targets[i]! - peak - Math.log(mass);
      best[i] = places[top]!;
    }
    return { logprob, best };
  },
  tolerance: () => ({ atol: 4e-6, rtol: 1e-5 }),
  cases: () => [logprobsCase(3, 1021, 512), logprobsCase(70, 10, 4)],
});

function logprobsCase(R: number, V: number, strip: number) {
  const strips = Math.ceil(V / strip);
  const logits = normals(R * V, V).map((v) => Math.round(10 * v) / 2);
  const parts = { logits, peaks: floats(2 * R * strips), places: new Uint32Array(R * strips) };
  const { peaks, places } = logit_strips.reference({ R, V, strip, first: 0, strips }, parts, {});
  const wanted = Uint32Array.from({ length: 2 * (R + 1) }, (_, i) =>
    i % 2 === 0 ? Math.floor(i / 2) % R : (i * 7) % V,
  );
  const W = wanted.length / 2;
  const { targets } = pick_targets.reference({ W, V, first: 0 }, { wanted, logits, targets: floats(W) }, {});
  return {
    name: `${W} of ${R} × ${V}`,
    params: { W, strips },
    arrays: {
      ...{ targets: targets!, peaks: peaks!, places: places!, wanted },
      ...{ logprob: floats(W), best: new Uint32Array(W) },
    },
  };
}
