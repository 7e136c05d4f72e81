import topStrip from '../../../shaders/preludes/top_strip.wgsl?raw';
import source from '../../../shaders/argmax.wgsl?raw';
import { normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** The most likely token of each row, from the strips of logit_strips; the first of equals. */
export const argmax = defineKernel({
  name: 'argmax',
  wgsl: topStrip + source,
  params: { R: 'u32', strips: 'u32' },
  bindings: { peaks: 'read f32', places: 'read u32', ids: 'write u32' },
  workgroups: ({ R }) => grid(R),
  reference: ({ R, strips }, { peaks, places }) => {
    const ids = new Uint32Array(R);
    for (let row = 0; row < R; row++) {
      let top = row * strips;
      for (let s = top; s < (row + 1) * strips; s++) if (peaks[2 * s]! > peaks[2 * top]!) top = s;
      ids[row] = places[top]!;
    }
    return { ids };
  },
  tolerance: 'exact',
  cases: () => [argmaxCase(1, 1), argmaxCase(70, 7)],
});

function argmaxCase(R: number, strips: number) {
  return {
    name: `${R} rows of ${strips} strips, with equal peaks`,
    params: { R, strips },
    arrays: {
      peaks: normals(2 * R * strips, 1).map(Math.round),
      places: Uint32Array.from({ length: R * strips }, (_, i) => i * 3),
      ids: new Uint32Array(R),
    },
  };
}
