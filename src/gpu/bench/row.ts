/** A layer times some tokens under a format: what one row of the bench measures. */
export interface BenchPoint {
  model: string;
  layer: string;
  quant_type: string;
  /** What the format's name leaves open: `blocks of 64`. */
  variant: string;
  M: number;
  N: number;
  K: number;
}

/** One kernel on one layer, timed in rounds in turn with the adapter's ceilings and another engine's kernel. */
export interface BenchRow extends BenchPoint {
  kernel: string;
  /** Rows of the layer, where only N of them were multiplied, which take the time that is allowed. */
  rows_of_layer?: number;
  rounds: number;
  /** Milliseconds of one product, the median and the distance of the quartiles over the rounds. */
  median_ms: number;
  iqr_ms: number;
  /** Bytes of weight, x and y over the median, in 10^9 a second; multiplications and additions likewise. */
  gbps: number;
  gflops: number;
  /** Milliseconds in which this adapter reads as many bytes, or multiplies as often, whichever takes longer. */
  ceiling_ms: number;
  bound: 'read' | 'fma';
  /** ceiling_ms over median_ms. */
  ceiling_share: number;
  /** Milliseconds that the kernel should take here by what its shader reads and computes; missing where nobody wrote it down. */
  predicted_ms?: number;
  /** The largest |y − float64| of some outputs. */
  max_error: number;
  peer: PeerTiming | null;
  /** The peer's median over ours; null without a peer. */
  speedup: number | null;
}

/** Another engine's kernel for the same product, in the same rounds. */
export interface PeerTiming {
  name: string;
  median_ms: number;
  iqr_ms: number;
  max_error: number;
}

/** A row that could not be measured, and why. */
export interface BenchGap extends BenchPoint {
  why: string;
}

/** What the adapter does at most, in 10^9 bytes or operations a second: medians of this run. */
export interface Ceiling {
  read_gbps: number;
  copy_gbps: number;
  fma_gflops: number;
}
