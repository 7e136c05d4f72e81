import { largestBinding, readBack, type Arena } from '../device/buffers.ts';
import { recordCommands, type Commands } from '../device/commands.ts';
import type { Gpu } from '../device/device.ts';
import type { KernelCase } from '../device/kernel.ts';
import { normals } from '../kernels/cases.ts';
import { chooseMatmul, type Phase } from '../matrix/choose.ts';
import { quantizeInput, reserveInt8Input } from '../matrix/int8_input.ts';
import { linear } from '../matrix/linear.ts';
import type { DeviceMatrix } from '../matrix/matrix.ts';
import { predict } from '../traffic/predict.ts';
import { finished } from './ceilings.ts';
import type { BenchFormat, BenchWeights } from './formats.ts';
import type { Layer } from './layers.ts';
import type { PeerWork } from './peer.ts';
import type { Ceiling } from './row.ts';
import { ceilingMs, copiesWithin, type BenchSubject, type Ours } from './subject.ts';

/** Bytes of different weights that one round goes through: more than caches hold. */
const ROUND_BYTES = 64 * 2 ** 20;
/** Bytes of one weight: what is larger is timed by its first rows. */
const WEIGHT_BYTES = 64 * 2 ** 20;
const MOST_COPIES = 16;

/** A layer times so many tokens, its weights in a format. */
export function matmulSubject(whole: Layer, format: BenchFormat, M: number): BenchSubject {
  const { quant_type, variant } = format;
  const { K } = whole;
  return {
    point: { ...whole, quant_type, variant, M },
    prepare(gpu, ceiling, round_ms) {
      const N = rowsWithin(gpu, { M, K }, format, whole, ceiling, round_ms);
      const weights = format.make(N, K);
      const work = { bytes: weights.bytes + 4 * M * (N + K), operations: 2 * M * N * K };
      const most = Math.min(MOST_COPIES, Math.ceil(ROUND_BYTES / weights.bytes));
      const copies = copiesWithin(ceilingMs(work, ceiling), round_ms, most);
      const x = normals(M * K, 8);
      const shape = { M, N, K, x, copies };
      return {
        ...work,
        ...{ N, copies },
        ...(N < whole.N && { rows_of_layer: whole.N }),
        open: (arena) => openOurs(arena, weights, shape),
        errorOf: (y) => largestError(y, weights, x, shape),
        peer: { weights: weights.peer, ...shape },
      };
    },
  };
}

/** The layer's rows, or so many that their weight fits and a round stays short: a multiple of 64, at least as many. */
function rowsWithin(
  gpu: Gpu,
  { M, K }: { M: number; K: number },
  format: BenchFormat,
  whole: Layer,
  { read_gbps, fma_gflops }: Ceiling,
  round_ms: number,
): number {
  const most_bytes = Math.min(WEIGHT_BYTES, largestBinding(gpu), round_ms * read_gbps * 1e6);
  const most_operations = round_ms * fma_gflops * 1e6;
  const most = Math.min(most_bytes / (K * format.bytes_of_weight), most_operations / (2 * M * K));
  return Math.min(whole.N, Math.max(64, 64 * Math.floor(most / 64)));
}

/** Our kernel on `copies` weights. */
async function openOurs(
  arena: Arena,
  weights: BenchWeights,
  { M, N, K, x, copies }: Omit<PeerWork, 'weights'>,
): Promise<Ours> {
  const { gpu } = arena;
  const phase: Phase = M === 1 ? 'decode' : 'prefill';
  const matrices: DeviceMatrix[] = [];
  for (let i = 0; i < copies; i++) matrices.push(await weights.upload(arena));
  const { storage } = matrices[0]!.parts[0]!;
  const buffers = { x: await arena.upload(x, 'x'), y: await arena.allocate(4 * M * N, 'y') };
  const int8 = storage === 'llm_int8' ? await reserveInt8Input(arena, 6, M, K) : undefined;
  const seen = int8 && (await arena.allocate(int8.mask.size, 'outlier columns seen'));
  const recorded = recordCommands(gpu);
  const kernel = chooseMatmul(gpu, storage, phase, { M, N });
  let asked: Pick<KernelCase, 'params' | 'overrides'> | undefined;
  const commands: Commands = {
    ...recorded,
    dispatch(one, params, bound, overrides) {
      if (one.name === kernel.name) asked ??= { params, ...(overrides && { overrides }) };
      recorded.dispatch(one, params, bound, overrides);
    },
  };
  return {
    kernel: kernel.name,
    async run() {
      for (const matrix of matrices) {
        if (int8) quantizeInput(commands, buffers.x, int8, { M, K, seen: seen! });
        linear(commands, matrix, { M, ...buffers, compute_dtype: 'float32', phase, ...(int8 && { int8 }) });
      }
      commands.submit();
      await finished(gpu);
    },
    output: async () => new Float32Array(await readBack(gpu, buffers.y, 4 * M * N)),
    predicted({ read_gbps, fma_gflops }) {
      const most = { read_bytes_per_second: 1e9 * read_gbps, flops_per_second: 1e9 * fma_gflops };
      return asked && predict(kernel, asked, most)?.ms;
    },
    close: () => recorded.close(),
  };
}

/** Outputs that are compared with float64. */
const ROWS_COMPARED = 32;
const TOKENS_COMPARED = 4;

/** The largest error of some outputs against float64 sums over the same float32 weights. */
function largestError(
  y: Float32Array,
  weights: BenchWeights,
  x: Float32Array,
  { M, N, K }: { M: number; N: number; K: number },
): number {
  let most = 0;
  for (let i = 0; i < ROWS_COMPARED; i++) {
    const n = Math.floor((i * (N - 1)) / (ROWS_COMPARED - 1));
    const row = weights.row(n);
    for (let j = 0; j < Math.min(M, TOKENS_COMPARED); j++) {
      const t = M === 1 ? 0 : Math.floor((j * (M - 1)) / (Math.min(M, TOKENS_COMPARED) - 1));
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[t * K + k]! * row[k]!;
      const error = Math.abs(y[t * N + n]! - sum);
      // Not a number is the largest error.
      if (!(error <= most)) most = error;
    }
  }
  return most;
}
