import { BLOCKSIZES } from '../../../quant/knobs.ts';

/** A block as it is taken by its edge: its size, and in pixels where it begins and ends and where the strip ends. */
export interface HeldBlock {
  blocksize: number;
  from: number;
  to: number;
  end: number;
}

/** Pixels of a pull that double the block past the strip's end, where no more weights are shown. */
const DOUBLING_PIXELS = 24;

/** The block size nearest by ratio. `nearestBlocksize(90)` is 64, of 91 it is 128. */
export function nearestBlocksize(length: number): number {
  const place = Math.round(Math.log2(Math.max(1, length) / BLOCKSIZES[0]));
  return BLOCKSIZES[Math.max(0, Math.min(place, BLOCKSIZES.length - 1))]!;
}

/** The block size where an edge is pulled to `pixel`: the edge follows the hand, and grows on past the strip's end. */
export function pulledBlocksize({ blocksize, from, to, end }: HeldBlock, pixel: number): number {
  const length = (blocksize * (Math.min(pixel, end) - from)) / (to - from);
  return nearestBlocksize(length * 2 ** (Math.max(0, pixel - end) / DOUBLING_PIXELS));
}
