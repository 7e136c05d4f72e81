import { toFailure } from '../../errors.ts';
import { openArena } from '../device/buffers.ts';
import { forgetFaults, type Gpu } from '../device/device.ts';
import { matmulSubject } from './bench_matmul.ts';
import { otherSubjects } from './bench_others.ts';
import { openCeilings, type Ceilings } from './ceilings.ts';
import { BENCH_FORMATS } from './formats.ts';
import { LAYERS, TOKENS } from './layers.ts';
import type { OpenPeer, Peer } from './peer.ts';
import type { BenchGap, BenchRow, Ceiling } from './row.ts';
import { spread, timeInRounds, type Timed } from './rounds.ts';
import { pointName, type BenchSubject } from './subject.ts';

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

/** A round may take, at the adapter's ceiling, this share of a row's seconds; kernels take a few times as long. */
const SHARE_OF_SECONDS = 1 / 40;

/** The rows that a bench has: every layer times every number of tokens in every format, and the kernels around them. */
export function benchSubjects({
  only = [],
  quick = false,
}: Pick<KernelBenchOptions, 'only' | 'quick'>): BenchSubject[] {
  const layers = quick
    ? LAYERS.filter(({ model, layer }) => model === 'SmolLM2-135M' && layer === 'down')
    : LAYERS;
  const formats = quick
    ? BENCH_FORMATS.filter(({ variant }) => !/double|bfloat16/.test(variant))
    : BENCH_FORMATS;
  const tokens = quick ? TOKENS.filter((M) => M < 512) : TOKENS;
  const all = [
    ...layers.flatMap((layer) =>
      formats.flatMap((format) => tokens.map((M) => matmulSubject(layer, format, M))),
    ),
    ...(quick ? [] : otherSubjects()),
  ];
  return all.filter(({ point }) => {
    const name = pointName(point).toLowerCase();
    return only.every((word) => name.includes(word.toLowerCase()));
  });
}

/** Times every row in turn with the ceilings and a peer; each is told as it comes. */
export async function benchKernels(gpu: Gpu, options: KernelBenchOptions): Promise<void> {
  const subjects = benchSubjects(options);
  const ceilings = await openCeilings(gpu, options.seconds);
  try {
    options.onCeiling(ceilings.first);
    for (const [i, subject] of subjects.entries()) {
      if (options.signal?.aborted) return;
      let row: BenchRow | BenchGap;
      try {
        row = await benchSubject(gpu, subject, ceilings, options);
      } catch (error) {
        const failure = toFailure(error);
        if (failure.code === 'device-lost') throw error;
        await forgetFaults(gpu);
        row = { ...subject.point, why: failure.message };
      }
      options.onRow(row, i + 1, subjects.length);
    }
  } finally {
    ceilings.close();
  }
}

async function benchSubject(
  gpu: Gpu,
  { point, prepare }: BenchSubject,
  ceilings: Ceilings,
  { seconds, openPeer }: KernelBenchOptions,
): Promise<BenchRow> {
  const prepared = prepare(gpu, ceilings.first, 1000 * seconds * SHARE_OF_SECONDS);
  const { N, rows_of_layer, copies, bytes, operations } = prepared;
  const arena = openArena(gpu);
  const opened: { close(): void | Promise<void> }[] = [];
  try {
    const ours = await prepared.open(arena);
    opened.push(ours);
    const peer: Peer | undefined = prepared.peer && (await openPeer?.(prepared.peer));
    if (peer) opened.push(peer);
    const works: Record<string, Timed> = { ours: ours.run, read: ceilings.read, fma: ceilings.fma };
    if (peer) works.peer = peer.run;
    const { rounds, ms } = await timeInRounds(works, seconds);
    const one = (name: string) => {
      const { median, iqr } = spread(ms[name]!);
      return { median_ms: median / copies, iqr_ms: iqr / copies };
    };
    const ceiling = {
      read_gbps: ceilings.bytes_read / spread(ms.read!).median / 1e6,
      fma_gflops: ceilings.operations / spread(ms.fma!).median / 1e6,
    };
    const read_ms = bytes / ceiling.read_gbps / 1e6;
    const fma_ms = operations / ceiling.fma_gflops / 1e6;
    const ceiling_ms = Math.max(read_ms, fma_ms);
    const { median_ms, iqr_ms } = one('ours');
    const predicted_ms = ours.predicted(ceiling);
    const timing = peer && {
      name: peer.name,
      ...one('peer'),
      max_error: prepared.errorOf(await peer.output()),
    };
    return {
      ...point,
      N,
      ...(rows_of_layer !== undefined && { rows_of_layer }),
      ...{ kernel: ours.kernel, rounds, median_ms, iqr_ms },
      gbps: bytes / median_ms / 1e6,
      gflops: operations / median_ms / 1e6,
      ceiling_ms,
      bound: read_ms > fma_ms ? 'read' : 'fma',
      ceiling_share: ceiling_ms / median_ms,
      ...(predicted_ms !== undefined && { predicted_ms }),
      max_error: prepared.errorOf(await ours.output()),
      peer: timing ?? null,
      speedup: timing ? timing.median_ms / median_ms : null,
    };
  } finally {
    for (const each of opened) await each.close();
    arena.close();
  }
}
