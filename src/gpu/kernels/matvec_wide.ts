import source from '../../../shaders/matvec_wide.wgsl?raw';
import type { Form } from './matmul.ts';

/** Lanes that share a row, and the rows of the weight that a workgroup multiplies. */
const LANES = 16;
const ROWS = 8;

/** Sixteen lanes a row, which read side by side: for the few tokens of a decoding step on a GPU. */
export const MATVEC_WIDE: Form = {
  name: 'matvec_wide',
  source,
  workgroups: ({ M, N }) => [Math.ceil(N / ROWS), M],
  traffic: {
    lanes: 64,
    walk({ N, K, first_row }, weights, [x, token], { read }) {
      for (let lane = 0; lane < 64; lane++) {
        read(lane, ...weights.prepare(lane));
        const row = ROWS * x + 2 * Math.floor(lane / LANES);
        const rows = [row, row + 1].map((n) => first_row + Math.min(n, N - 1));
        for (const n of rows) read(lane, ...weights.row_at(n));
        const { step } = weights;
        if (K % step !== 0) {
          for (let k = lane % LANES; k < K; k += LANES) {
            read(lane, ['x', Math.floor((token * K + k) / 4)]);
            for (const n of rows) read(lane, ...weights.weight_of(n, k));
          }
          continue;
        }
        for (let k = lane % LANES; k < K / step; k += LANES) {
          const at = (token * K + step * k) / 4;
          for (const n of rows) {
            read(lane, ...weights.step_of(n, k));
            for (let i = 0; i < step / 4; i++) read(lane, ['x', at + i]);
          }
        }
      }
    },
    decodes: ({ M }) => M,
    instructions: 0.5,
    shared_reads: 0,
  },
};
