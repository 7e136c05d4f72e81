import type { Arena } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import type { PeerWork } from './peer.ts';
import type { Timed } from './rounds.ts';
import type { BenchPoint, Ceiling } from './row.ts';

/** Something that a bench times: a row before it is measured. */
export interface BenchSubject {
  point: BenchPoint;
  /** As much of it as the ceiling computes in `round_ms`. */
  prepare: (gpu: Gpu, ceiling: Ceiling, round_ms: number) => Prepared;
}

/** The work of a row: what one product reads, computes, and should give. */
export interface Prepared {
  N: number;
  /** Rows of the layer, where N is fewer. */
  rows_of_layer?: number;
  /** How often it is computed in a round. */
  copies: number;
  bytes: number;
  operations: number;
  open(arena: Arena): Promise<Ours>;
  /** The largest |y − reference|. */
  errorOf(y: Float32Array): number;
  /** The same for another engine, where one may have it. */
  peer?: PeerWork;
}

/** Our kernel, ready to be timed. */
export interface Ours {
  kernel: string;
  run: Timed;
  output(): Promise<Float32Array>;
  /** Milliseconds that one product should take, by what the shader reads and computes; known once it ran. */
  predicted(ceiling: Omit<Ceiling, 'copy_gbps'>): number | undefined;
  close(): void;
}

/** "SmolLM2-135M down nf4 blocks of 64 M=8 N=576 K=1536": what --shape is compared with. */
export const pointName = ({ model, layer, quant_type, variant, M, N, K }: BenchPoint): string =>
  `${model} ${layer} ${quant_type} ${variant} M=${M} N=${N} K=${K}`;

/** How often work of so many milliseconds at the ceiling fits into a round, at least once. */
export const copiesWithin = (alone_ms: number, round_ms: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor(round_ms / alone_ms)));

/** Milliseconds of so many bytes or operations at the ceiling, whichever takes longer. */
export const ceilingMs = (
  { bytes, operations }: Pick<Prepared, 'bytes' | 'operations'>,
  { read_gbps, fma_gflops }: Ceiling,
): number => Math.max(bytes / read_gbps, operations / fma_gflops) / 1e6;
