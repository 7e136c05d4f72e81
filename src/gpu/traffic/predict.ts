import type { Kernel, KernelCase, Overrides, ParamTypes, Params } from '../device/kernel.ts';
import { elementBytes, useOf, type Touched } from './touched.ts';

/** Those of a kernel's arrays that say where it reads, as attention's spans do. */
export type Guiding = Readonly<Record<string, ArrayLike<number>>>;

/** What a kernel asks of memory and of arithmetic, as its shader's text says; beside its reference. */
export interface Traffic<P extends ParamTypes = ParamTypes> {
  /** What the lanes of one workgroup read. What depends on other data (a place in a codebook) is left out. */
  touched(
    params: Params<P>,
    overrides: Overrides,
    group: readonly [number, number],
    guiding: Guiding,
  ): Touched;
  /** Bytes that all groups read, each once; where it is missing, the first groups tell what all of them read. */
  bytes?(params: Params<P>, guiding: Guiding): number;
  /** Additions and multiplications that the result takes. */
  flops(params: Params<P>, guiding: Guiding): number;
  /** Instructions of lanes, the products' own among them: decoding, rounding, places. */
  instructions(params: Params<P>, overrides: Overrides, guiding: Guiding): number;
  /** Reads of workgroup memory by lanes. */
  shared_reads(params: Params<P>, overrides: Overrides, guiding: Guiding): number;
}

/** What an adapter does at most, measured on it: bytes and floating-point operations a second. */
export interface Ceilings {
  read_bytes_per_second: number;
  /** A fused multiplication and addition counts as two. */
  flops_per_second: number;
}

/** What a dispatch should take on an adapter. */
export interface Prediction {
  ms: number;
  /** The milliseconds of reading its bytes, or of its arithmetic alone, whichever is more, over `ms`: 1 is the ceiling. */
  share: number;
  /** What takes most of it. */
  bound: Bound;
  /** Bytes that come from memory. */
  bytes: number;
  flops: number;
}

export type Bound = 'memory' | 'instructions' | 'workgroup memory';

/** Bytes that memory brings at a time, and lanes that run together: usual ones. */
const LINE = 64;
const SUBGROUP = 32;
/** Reads of workgroup memory that an adapter serves in the time of an instruction of a lane: usual on GPUs. */
const SHARED_SHARE = 1 / 4;
/** Cores, which are idle where a kernel has fewer groups: as on an RTX 4060 in a laptop. */
const CORES = 24;

/** A dispatch to be predicted; `arrays` where some of them say where it reads. */
export interface Asked extends Pick<KernelCase, 'params' | 'overrides'> {
  arrays?: Guiding;
}

/** What a dispatch asks, whatever the adapter. */
export interface Work {
  /** Bytes that come from memory, and those of them that are read. */
  bytes: number;
  useful: number;
  flops: number;
  instructions: number;
  shared_reads: number;
  /** Workgroups that may be worked on at the same time. */
  groups: number;
}

/** What a dispatch asks; undefined where nobody wrote down what its kernel asks. Lines are read once, shared by all groups. */
export function workOf(
  { wgsl, traffic, workgroups }: Kernel,
  { params, overrides = {}, arrays = {} }: Asked,
): Work | undefined {
  if (!traffic) return undefined;
  const [width, height] = workgroups(params);
  const read = traffic.bytes?.(params, arrays);
  const { bytes, useful } =
    read === undefined
      ? readByAll([width, height], elementBytes(wgsl), (x, y) =>
          traffic.touched(params, overrides, [x, y], arrays),
        )
      : { bytes: read, useful: read };
  return {
    ...{ bytes, useful, groups: width * height },
    flops: traffic.flops(params, arrays),
    instructions: traffic.instructions(params, overrides, arrays),
    shared_reads: traffic.shared_reads(params, overrides, arrays),
  };
}

/**
 * What work should take on an adapter. Memory, instructions and workgroup memory are under way at the same time, but none
 * hides the others whole: their times add up as squares do. It knows nothing of how long one read takes, nor of the gap
 * between dispatches, which is most of what short ones take.
 */
export function timeOf(
  { bytes, useful, flops, instructions, shared_reads, groups }: Work,
  { read_bytes_per_second, flops_per_second }: Ceilings,
): Prediction {
  const per_second = (flops_per_second / 2) * Math.min(1, groups / CORES);
  const seconds: Record<Bound, number> = {
    memory: bytes / read_bytes_per_second,
    instructions: instructions / per_second,
    'workgroup memory': shared_reads / (per_second * SHARED_SHARE),
  };
  const total = Math.hypot(...Object.values(seconds));
  const [bound] = Object.entries(seconds).sort(([, a], [, b]) => b - a)[0]! as [Bound, number];
  const ideal = Math.max(useful / read_bytes_per_second, flops / flops_per_second);
  return { ms: 1000 * total, share: ideal / total, bound, bytes, flops };
}

/**
 * What a dispatch should take on an adapter, by what it reads and computes; undefined where nobody wrote down what a
 * kernel asks. The 4-bit matvec of 2048 × 2048 at 100 GB/s and 4 TFLOPS: 0.03 ms.
 */
export function predict(kernel: Kernel, asked: Asked, ceilings: Ceilings): Prediction | undefined {
  const work = workOf(kernel, asked);
  return work && timeOf(work, ceilings);
}

/**
 * Bytes that groups read, and of the lines that hold them: those of the first group, as often as there are groups where
 * its neighbours read others in their place.
 */
function readByAll(
  [width, height]: readonly [number, number],
  widths: Record<string, number>,
  at: (x: number, y: number) => Touched,
): { bytes: number; useful: number } {
  const first = at(0, 0);
  const beside = width > 1 ? at(1, 0) : {};
  const below = height > 1 ? at(0, 1) : {};
  let [bytes, useful] = [0, 0];
  for (const [array, bytesOfOne] of Object.entries(widths)) {
    const lanes = first[array];
    if (!lanes) continue;
    const use = useOf(lanes, { bytes: bytesOfOne, line: LINE, subgroup: SUBGROUP });
    const [shared_x, shared_y] = [new Set(beside[array]?.flat()), new Set(below[array]?.flat())];
    let reads = 0;
    for (const i of new Set(lanes.flat())) {
      reads += (shared_x.has(i) ? 1 : width) * (shared_y.has(i) ? 1 : height);
    }
    useful += reads * bytesOfOne;
    bytes += (reads * bytesOfOne * use.lines) / use.useful;
  }
  return { bytes, useful };
}
