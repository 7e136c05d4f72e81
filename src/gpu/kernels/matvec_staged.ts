import inputSums from '../../../shaders/preludes/input_sums.wgsl?raw';
import sums from '../../../shaders/preludes/group.wgsl?raw';
import subgroupSums from '../../../shaders/preludes/group_subgroups.wgsl?raw';
import of1 from '../../../shaders/preludes/tokens_1.wgsl?raw';
import of8 from '../../../shaders/preludes/tokens_8.wgsl?raw';
import source from '../../../shaders/matvec_staged.wgsl?raw';
import type { WeightTouches } from '../traffic/matmul_traffic.ts';
import type { Collector } from '../traffic/touched.ts';
import { GATE, NORM, type MatvecForm, type MatvecParams } from './matvec_kernel.ts';

/** Lanes of a workgroup, and how many share two rows of the weight. */
const LANES = 64;
const SHARING = 8;

/** 16 rows of the weight and up to so many tokens a workgroup, which reads weights 16 bytes at a time and its input once. */
const staged = (name: string, { tokens, chunk }: Staging, prelude: string, summing = sums): MatvecForm => ({
  name,
  source: prelude + summing + inputSums + source,
  normalizes: true,
  reads: 'loads',
  workgroups(p) {
    const pairs = (p as MatvecParams).gate === GATE.gated ? p.N : Math.ceil(p.N / 2);
    return [Math.ceil(pairs / (LANES / SHARING)), Math.ceil(p.M / tokens)];
  },
  traffic: {
    lanes: LANES,
    walk: (shape, weights, group, into) =>
      walk({ tokens, chunk }, shape as MatvecParams, weights, group, into),
    decodes: ({ M }) => Math.ceil(M / tokens),
    slots({ K }, { step, loads }) {
      const all = loads.size && SHARING * loads.size;
      const loaded = all && K - (K % all);
      const unit = SHARING * step;
      return { loads: loaded, steps: Math.ceil((K - loaded) / unit) * unit };
    },
    // A vec4 of the input is read, and where it stands found, for four products of two rows; and was staged for 16 rows.
    instructions: 4 / 8 + 10 / 64,
    shared_reads: 1 / 8,
  },
});

/** How many tokens a group has, and how many values of each it stages at a time. */
interface Staging {
  tokens: number;
  chunk: number;
}

/** For a decoding step on a GPU. */
export const MATVEC_STAGED = staged('matvec_staged', { tokens: 1, chunk: 1024 }, of1);

/** The same where a device has subgroups, by which it sums what normalizes its input. */
export const MATVEC_STAGED_SUBGROUPS: MatvecForm = {
  ...staged('matvec_staged_subgroups', { tokens: 1, chunk: 1024 }, of1, subgroupSums),
  requires: { features: ['subgroups'] },
};

/** For a few tokens at a time, for which a weight is decoded once; the same bits. */
export const MATVEC_STAGED_8 = staged('matvec_staged_8', { tokens: 8, chunk: 256 }, of8);

/** What a group reads: its tokens once, twice more where they are normalized, and the weights of two rows a lane. */
function walk(
  { tokens, chunk }: Staging,
  { M, N, K, first_row, norm, norm_at, gate, up_row, has_bias, bias_row }: MatvecParams,
  weights: WeightTouches,
  [x, y]: readonly [number, number],
  { read }: Collector,
): void {
  const gated = gate === GATE.gated;
  const { step, loads } = weights;
  const pitch = chunk / 4 + chunk / 32;
  const place = (four: number): number => four + Math.floor(four / 8);
  const first = tokens * y;
  const own = Array.from({ length: Math.min(tokens, M - first) }, (_, t) => first + t);
  const rowOf = (pair: number): [number, number] => {
    const last = N - 1;
    const other = gated ? up_row + Math.min(pair, last) : Math.min(2 * pair + 1, last);
    return [first_row + Math.min(gated ? pair : 2 * pair, last), first_row + other];
  };
  const sets = LANES / SHARING;
  for (let lane = 0; lane < LANES; lane++) {
    const input = (token: number, k: number): void => {
      read(lane, ['x', Math.floor((token * K + k) / 4)]);
      if (norm !== NORM.none) read(lane, ['bias', norm_at + Math.floor(k / 4)]);
      if (norm === NORM.layer) read(lane, ['bias', norm_at + Math.ceil(K / 4) + Math.floor(k / 4)]);
    };
    const staged = (at: number): void => {
      for (let four = 0; four < (tokens === 1 ? 1 : M > 4 ? 2 : 1); four++) {
        for (let row = 0; row < (tokens === 1 ? 1 : 2); row++) {
          for (let t = 0; t < (tokens === 1 ? 1 : 4); t++) read(lane, ['xs', at + (4 * four + t) * pitch]);
        }
      }
    };
    // A word is a part of what is read 16 bytes at a time.
    const parts = (touches: ReturnType<WeightTouches['step_of']>): void => {
      const seen = new Set<number>();
      for (const [array, i] of touches) {
        const at = array === loads.array ? Math.floor(i / loads.per) : i;
        if (array === loads.array && seen.has(at)) continue;
        if (array === loads.array) seen.add(at);
        read(lane, [array, at]);
      }
    };
    read(lane, ...loads.prepare(lane));
    for (const token of own) {
      for (let walks = 0; walks < norm; walks++) {
        for (let k = lane; k < K; k += LANES) read(lane, ['x', Math.floor((token * K + k) / 4)]);
      }
    }
    const rows = rowOf(sets * x + Math.floor(lane / SHARING));
    for (const n of rows) read(lane, ...weights.row_at(n));
    for (let begin = 0; begin < K; begin += chunk) {
      const columns = Math.min(chunk, K - begin);
      for (const token of own) {
        for (let k = 4 * lane; k < columns; k += 4 * LANES) {
          for (let i = 0; i < (K % 4 === 0 ? 1 : Math.min(4, columns - k)); i++) input(token, begin + k + i);
        }
      }
      const whole = loads.size && Math.floor(columns / (SHARING * loads.size)) * SHARING;
      for (let k = lane % SHARING; k < whole; k += SHARING) {
        for (const n of rows) read(lane, ...loads.load_of(n, begin / loads.size + k));
        for (let i = 0; i < loads.size / 4; i++) staged(place((loads.size / 4) * k) + i);
      }
      if (K % step === 0) {
        for (let k = (whole * loads.size) / step + (lane % SHARING); k < columns / step; k += SHARING) {
          for (const n of rows) parts(weights.step_of(n, begin / step + k));
          for (let i = 0; i < step / 4; i++) staged(place((step / 4) * k) + i);
        }
      } else {
        for (let k = lane % SHARING; k < columns; k += SHARING) {
          for (const n of rows) parts(weights.weight_of(n, begin + k));
          staged(place(Math.floor(k / 4)));
        }
      }
    }
    for (let i = lane; i < tokens * 2 * sets; i += LANES) {
      const pair = sets * x + Math.floor((i % (2 * sets)) / 2);
      const row = gated ? pair : 2 * pair + (i % 2);
      if (first + Math.floor(i / (2 * sets)) >= M || row >= N || (gated && i % 2 === 1)) continue;
      for (const n of gated ? [row, up_row + row] : [row]) {
        if (has_bias) read(lane, ['bias', Math.floor((bias_row + n) / 4)]);
      }
    }
  }
}
