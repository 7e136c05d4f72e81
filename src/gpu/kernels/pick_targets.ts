import source from '../../../shaders/pick_targets.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

const TARGETS = { W: 'u32', V: 'u32', first: 'u32' } as const;

/** The logits of the wanted tokens, taken from each band of the vocabulary while it is there. */
export const pick_targets = defineKernel({
  name: 'pick_targets',
  wgsl: source,
  params: TARGETS,
  bindings: { wanted: 'read u32', logits: 'read f32', targets: 'read_write f32' },
  workgroups: ({ W }) => grid(W),
  reference: ({ W, V, first }, { wanted, logits, targets }) => {
    const picked = targets.slice();
    for (let i = 0; i < W; i++) {
      const place = wanted[2 * i + 1]! - first;
      if (place >= 0 && place < V) picked[i] = logits[wanted[2 * i]! * V + place]!;
    }
    return { targets: picked };
  },
  tolerance: 'exact',
  cases: () => [targetsCase(3, 100, 0), targetsCase(70, 10, 20)],
  traffic: elementTraffic<typeof TARGETS>({
    elements: ({ W }) => W,
    element({ V, first }, i, { wanted }) {
      const [row, place] = [wanted![2 * i]!, wanted![2 * i + 1]! - first];
      return place >= 0 && place < V
        ? [
            ['wanted', i],
            ['logits', row * V + place],
          ]
        : [['wanted', i]];
    },
    flops: () => 0,
    instructions: () => 12,
  }),
});

function targetsCase(R: number, V: number, first: number) {
  const W = R + 1;
  // Entries before, in and behind the band.
  const wanted = Uint32Array.from({ length: 2 * W }, (_, i) =>
    i % 2 === 0 ? Math.floor(i / 2) % R : (i * 7) % (first + V + 15),
  );
  return {
    name: `${W} of ${R} × ${V} from ${first} on`,
    params: { W, V, first },
    arrays: { wanted, logits: normals(R * V, V), targets: floats(W).fill(-1) },
  };
}
