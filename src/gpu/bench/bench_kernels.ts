import { toFailure } from '../../errors.ts';
import { largestBinding, openArena, readBack, type Arena } from '../device/buffers.ts';
import { recordCommands, type Commands } from '../device/commands.ts';
import { forgetFaults, type Gpu } from '../device/device.ts';
import type { KernelCase } from '../device/kernel.ts';
import { normals } from '../kernels/cases.ts';
import { chooseMatmul, type Phase } from '../matrix/choose.ts';
import { quantizeInput, reserveInt8Input } from '../matrix/int8_input.ts';
import { linear } from '../matrix/linear.ts';
import { predict } from '../traffic/predict.ts';
import type { DeviceMatrix } from '../matrix/matrix.ts';
import { finished, openCeilings, type Ceilings } from './ceilings.ts';
import { BENCH_FORMATS, type BenchFormat, type BenchWeights, type PeerWeights } from './formats.ts';
import { LAYERS, TOKENS, type Layer } from './layers.ts';
import type { BenchGap, BenchPoint, BenchRow, Ceiling } from './row.ts';
import { spread, timeInRounds, type Timed } from './rounds.ts';

/** Another engine's product of the same weights and x: `copies` of it at a time, each of weights of its own. */
export interface PeerWork {
  weights: PeerWeights;
  M: number;
  N: number;
  K: number;
  x: Float32Array<ArrayBuffer>;
  copies: number;
}

/** What another engine made of it, to be timed in turn with ours. */
export interface Peer {
  name: string;
  run: Timed;
  /** y [M, N] */
  output(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Readies another engine's kernel; undefined where it has none for these weights. */
export type OpenPeer = (work: PeerWork) => Promise<Peer | undefined>;

export interface KernelBenchOptions {
  /** Words of which each must stand in a row's name, case aside: "SmolLM2-135M", "down", "nf4", "M=8". */
  only?: readonly string[];
  /** One layer, the formats with a peer, no full passes. */
  quick?: boolean;
  /** Seconds of rounds a row. */
  seconds: number;
  openPeer?: OpenPeer | undefined;
  signal?: AbortSignal | undefined;
  onCeiling(ceiling: Ceiling): void;
  onRow(row: BenchRow | BenchGap, done: number, total: number): void;
}

/** Bytes of different weights that one round goes through: more than caches hold. */
const ROUND_BYTES = 64 * 2 ** 20;
/** Bytes of one weight: what is larger is timed by its first rows. */
const WEIGHT_BYTES = 64 * 2 ** 20;
const MOST_COPIES = 16;
/** A round may take, at the adapter's ceiling, this share of a row's seconds; kernels take a few times as long. */
const SHARE_OF_SECONDS = 1 / 40;

type Planned = BenchPoint & { format: BenchFormat; whole: Layer };

/** The rows that a bench has. */
export function benchPoints({
  only = [],
  quick = false,
}: Pick<KernelBenchOptions, 'only' | 'quick'>): Planned[] {
  const layers = quick
    ? LAYERS.filter(({ model, layer }) => model === 'SmolLM2-135M' && layer === 'down')
    : LAYERS;
  const formats = quick
    ? BENCH_FORMATS.filter(({ variant }) => !/double|bfloat16/.test(variant))
    : BENCH_FORMATS;
  const tokens = quick ? TOKENS.filter((M) => M < 512) : TOKENS;
  const all = layers.flatMap((whole) =>
    formats.flatMap((format) =>
      tokens.map((M) => {
        const { quant_type, variant } = format;
        return { ...whole, quant_type, variant, M, format, whole };
      }),
    ),
  );
  return all.filter((point) => {
    const name = pointName(point).toLowerCase();
    return only.every((word) => name.includes(word.toLowerCase()));
  });
}

const pointOf = ({ model, layer, quant_type, variant, M, N, K }: Planned): BenchPoint => ({
  ...{ model, layer, quant_type, variant, M, N, K },
});

/** "SmolLM2-135M down nf4 blocks of 64 M=8 N=576 K=1536": what --shape is compared with. */
export const pointName = ({ model, layer, quant_type, variant, M, N, K }: BenchPoint): string =>
  `${model} ${layer} ${quant_type} ${variant} M=${M} N=${N} K=${K}`;

/** Times every planned row in turn with the ceilings and a peer; each is told as it comes. */
export async function benchKernels(gpu: Gpu, options: KernelBenchOptions): Promise<void> {
  const points = benchPoints(options);
  const ceilings = await openCeilings(gpu, options.seconds);
  try {
    options.onCeiling(ceilings.first);
    for (const [i, planned] of points.entries()) {
      if (options.signal?.aborted) return;
      let row: BenchRow | BenchGap;
      try {
        row = await benchPoint(gpu, planned, ceilings, options);
      } catch (error) {
        const failure = toFailure(error);
        if (failure.code === 'device-lost') throw error;
        await forgetFaults(gpu);
        row = { ...pointOf(planned), why: failure.message };
      }
      options.onRow(row, i + 1, points.length);
    }
  } finally {
    ceilings.close();
  }
}

async function benchPoint(
  gpu: Gpu,
  planned: Planned,
  ceilings: Ceilings,
  { seconds, openPeer }: KernelBenchOptions,
): Promise<BenchRow> {
  const { format, whole, M, K } = planned;
  const round_ms = 1000 * seconds * SHARE_OF_SECONDS;
  const N = rowsWithin(gpu, planned, ceilings.first, round_ms);
  const weights = format.make(N, K);
  const bytes = weights.bytes + 4 * M * (N + K);
  const operations = 2 * M * N * K;
  const alone_ms = Math.max(bytes / ceilings.first.read_gbps, operations / ceilings.first.fma_gflops) / 1e6;
  const copies = Math.max(
    1,
    Math.min(MOST_COPIES, Math.ceil(ROUND_BYTES / weights.bytes), Math.floor(round_ms / alone_ms)),
  );
  const x = normals(M * K, 8);
  const arena = openArena(gpu);
  const ours = await openOurs(arena, weights, { M, N, K, x, copies });
  let peer: Peer | undefined;
  try {
    peer = await openPeer?.({ weights: weights.peer, M, N, K, x, copies });
    const works: Record<string, Timed> = { ours: ours.run, read: ceilings.read, fma: ceilings.fma };
    if (peer) works.peer = peer.run;
    const { rounds, ms } = await timeInRounds(works, seconds);
    const medianOf = (name: string) => spread(ms[name]!).median;
    const one = (name: string) => {
      const { median, iqr } = spread(ms[name]!);
      return { median_ms: median / copies, iqr_ms: iqr / copies };
    };
    const read_ms = (bytes / ceilings.bytes_read) * medianOf('read');
    const fma_ms = (operations / ceilings.operations) * medianOf('fma');
    const { median_ms, iqr_ms } = one('ours');
    const ceiling_ms = Math.max(read_ms, fma_ms);
    const predicted_ms = ours.predicted({
      read_gbps: ceilings.bytes_read / medianOf('read') / 1e6,
      fma_gflops: ceilings.operations / medianOf('fma') / 1e6,
    });
    const timing = peer && {
      name: peer.name,
      ...one('peer'),
      max_error: largestError(await peer.output(), weights, x, { M, N, K }),
    };
    return {
      ...pointOf(planned),
      N,
      ...(N < whole.N && { rows_of_layer: whole.N }),
      ...{ kernel: ours.kernel, rounds, median_ms, iqr_ms },
      gbps: bytes / median_ms / 1e6,
      gflops: operations / median_ms / 1e6,
      ceiling_ms,
      bound: read_ms > fma_ms ? 'read' : 'fma',
      ceiling_share: ceiling_ms / median_ms,
      ...(predicted_ms !== undefined && { predicted_ms }),
      max_error: largestError(await ours.output(), weights, x, { M, N, K }),
      peer: timing ?? null,
      speedup: timing ? timing.median_ms / median_ms : null,
    };
  } finally {
    ours.close();
    arena.close();
    await peer?.close();
  }
}

/** The layer's rows, or so many that their weight fits and a round stays short: a multiple of 64, at least as many. */
function rowsWithin(
  gpu: Gpu,
  { format, whole, M, K }: Planned,
  { read_gbps, fma_gflops }: Ceiling,
  round_ms: number,
): number {
  const most_bytes = Math.min(WEIGHT_BYTES, largestBinding(gpu), round_ms * read_gbps * 1e6);
  const most_operations = round_ms * fma_gflops * 1e6;
  const most = Math.min(most_bytes / (K * format.bytes_of_weight), most_operations / (2 * M * K));
  return Math.min(whole.N, Math.max(64, 64 * Math.floor(most / 64)));
}

/** Our kernel, ready to be timed. */
interface Ours {
  kernel: string;
  run: Timed;
  output(): Promise<Float32Array>;
  /** Milliseconds that one product should take, by what the shader reads and computes; known once it ran. */
  predicted(ceiling: Omit<Ceiling, 'copy_gbps'>): number | undefined;
  close(): void;
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
