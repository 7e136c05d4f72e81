/**
 * Raised whenever a kernel that answers depend on comes to other bits: answers of one version are equal bit for bit.
 * 1: products summed four by four. 2: one after the other, in every form of the tile.
 */
export const KERNEL_VERSION = 2;

/** The kernels that answers depend on, beyond the adapter: what a run that goes on takes again. */
export interface KernelsUsed {
  version: number;
  /** The form of the matmul that decodes: each sums in an order of its own. */
  matvec: string;
  /** The form of attention that decodes, in the same way. */
  attention: string;
  /** The one form that prefill takes on an adapter where the others come to other bits; elsewhere any is taken. */
  tile?: string;
}

/** Forms of the matmul as an address or a command line lists them: "tile_32,matvec_fused". */
export const formNames = (text: string): string[] => text.split(',').filter(Boolean);

/** The version of the kernels behind a result; results from before it was recorded are of version 1. */
export const kernelVersion = ({ kernels }: { kernels?: KernelsUsed | undefined }): number =>
  kernels?.version ?? 1;
