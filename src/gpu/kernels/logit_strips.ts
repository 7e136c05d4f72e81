import strip from '../../../shaders/preludes/strip.wgsl?raw';
import source from '../../../shaders/logit_strips.wgsl?raw';
import { floats, normals } from './cases.ts';
import { defineKernel, grid, type Params } from '../device/kernel.ts';

/** The uniform of kernels that walk strips: R rows, V logits of a band from entry `first` on, `strips` in a whole row. */
export const STRIPS = { R: 'u32', V: 'u32', strip: 'u32', first: 'u32', strips: 'u32' } as const;

/** A strip of a band, by its number: its place among all strips, and the logits of `[R, V]` that are its own. */
export function* stripsIn({ R, V, strip, first, strips }: Params<typeof STRIPS>) {
  for (let row = 0; row < R; row++) {
    for (let begin = 0; begin < V; begin += strip) {
      const at = row * strips + (first + begin) / strip;
      yield { at, begin, from: row * V + begin, to: row * V + Math.min(begin + strip, V) };
    }
  }
}

/** The first half of a softmax that keeps no probabilities: per strip the largest logit, its place, and Σ exp(logit − largest). */
export const logit_strips = defineKernel({
  name: 'logit_strips',
  wgsl: strip + source,
  params: STRIPS,
  bindings: { logits: 'read f32', peaks: 'read_write f32', places: 'read_write u32' },
  workgroups: ({ R, V, strip }) => grid(R * Math.ceil(V / strip)),
  reference: (params, { logits, ...before }) => {
    const [peaks, places] = [before.peaks.slice(), before.places.slice()];
    for (const { at, begin, from, to } of stripsIn(params)) {
      const part = logits.subarray(from, to);
      const place = part.indexOf(Math.max(...part));
      places[at] = params.first + begin + place;
      peaks[2 * at] = part[place]!;
      peaks[2 * at + 1] = part.reduce((sum, v) => sum + Math.exp(v - part[place]!), 0);
    }
    return { peaks, places };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () => [
    stripsCase(3, 1021, 512),
    stripsCase(1, 512, 512),
    stripsCase(70, 10, 4),
    stripsCase(5, 10, 4, 8),
  ],
});

function stripsCase(R: number, V: number, strip: number, first = 0) {
  const strips = Math.ceil((first + V) / strip);
  const logits = normals(R * V, V).map((v) => Math.round(10 * v));
  return {
    name: `${R} × ${V} from ${first} on in strips of ${strip}, with equal logits`,
    params: { R, V, strip, first, strips },
    arrays: { logits, peaks: floats(2 * R * strips).fill(-1), places: new Uint32Array(R * strips) },
  };
}
