import sums from '../../../shaders/preludes/group.wgsl?raw';
import inputSums from '../../../shaders/preludes/input_sums.wgsl?raw';
import source from '../../../shaders/matvec_fused.wgsl?raw';
import type { WeightTouches } from '../traffic/matmul_traffic.ts';
import type { Collector } from '../traffic/touched.ts';
import { GATE, NORM, type MatvecForm, type MatvecParams } from './matvec_kernel.ts';

/** Lanes of a workgroup, and how many share two rows of the weight. */
const LANES = 64;
const SHARING = 16;

/** Sixteen lanes a pair of rows, which read side by side, and normalize their input: for a decoding step on a GPU. */
export const MATVEC_FUSED: MatvecForm = {
  name: 'matvec_fused',
  source: sums + inputSums + source,
  normalizes: true,
  reads: 'words',
  workgroups(p) {
    const pairs = (p as MatvecParams).gate === GATE.gated ? p.N : Math.ceil(p.N / 2);
    return [Math.ceil(pairs / (LANES / SHARING)), p.M];
  },
  traffic: {
    lanes: LANES,
    walk: (shape, weights, group, into) => walk(shape as MatvecParams, weights, group, into),
    decodes: ({ M }) => M,
    slots: ({ K }, { step }) => ({ steps: roundedUp(K, step * SHARING), loads: 0 }),
    instructions: 0.5,
    shared_reads: 0,
  },
};

/** The next multiple of `unit`. */
const roundedUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/** What a group reads: twice the input where it normalizes it, then the weights of two rows a lane. */
function walk(
  { N, K, first_row, norm, norm_at, gate, up_row, has_bias, bias_row }: MatvecParams,
  weights: WeightTouches,
  [x, token]: readonly [number, number],
  { read }: Collector,
): void {
  const gated = gate === GATE.gated;
  const input = (lane: number, k: number): void => {
    const i = Math.floor(k / 4);
    read(lane, ['x', Math.floor((token * K + k) / 4)]);
    if (norm !== NORM.none) read(lane, ['bias', norm_at + i]);
    if (norm === NORM.layer) read(lane, ['bias', norm_at + Math.ceil(K / 4) + i]);
  };
  for (let lane = 0; lane < LANES; lane++) {
    read(lane, ...weights.prepare(lane));
    for (let walks = 0; walks < norm; walks++) {
      for (let k = lane; k < K; k += LANES) read(lane, ['x', Math.floor((token * K + k) / 4)]);
    }
    const set = (LANES / SHARING) * x + Math.floor(lane / SHARING);
    const row = gated ? set : 2 * set;
    const last = N - 1 + (gated ? up_row : 0);
    const rows = [
      first_row + Math.min(row, N - 1),
      first_row + Math.min(gated ? up_row + row : row + 1, last),
    ];
    for (const n of rows) read(lane, ...weights.row_at(n));
    const { step } = weights;
    const aligned = K % step === 0;
    for (let k = lane % SHARING; k < (aligned ? K / step : K); k += SHARING) {
      for (let i = 0; i < (aligned ? step / 4 : 1); i++) input(lane, aligned ? step * k + 4 * i : k);
      for (const n of rows) read(lane, ...(aligned ? weights.step_of(n, k) : weights.weight_of(n, k)));
    }
    const own = lane % SHARING;
    if (own >= 2 || row + own >= N || (gated && own === 1)) continue;
    const written = gated ? [row, up_row + row] : [row + own];
    if (has_bias) for (const n of written) read(lane, ['bias', Math.floor((bias_row + n) / 4)]);
  }
}
