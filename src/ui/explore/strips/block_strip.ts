import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { report, usedLevels } from '../../../quant/error.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { count, decimals, digits3 } from '../../../study/view/format.ts';
import type { Explore } from '../explore.svelte.ts';
import { MOST_DEVIATIONS, SHOWN } from '../weights/weights.ts';

/** A stretch of weights around the selected block. */
export interface Strip {
  /** Index of its first weight. */
  begin: number;
  /** `value` is the weight, or the weight over its block's absmax. */
  weights: { at: number; value: number }[];
  /** Its blocks; `from` and `to` count from `begin`. */
  blocks: { index: number; from: number; to: number; absmax: number }[];
}

/**
 * The selected block in the middle of its neighbours; of a block longer than the strip the part with the selected
 * weight. With `held` the stretch that begins there, even if another weight is selected.
 */
export function stripOf(
  { weights, quantized, block, weight, blocksize, scaled }: Explore,
  held?: number,
): Strip {
  if (!weights || !quantized) return { begin: 0, weights: [], blocks: [] };
  const { data } = weights;
  const shown = Math.min(SHOWN, data.length);
  const wanted =
    blocksize >= shown
      ? block * blocksize + Math.floor(weight / shown) * shown
      : (block - Math.floor((shown / blocksize - 1) / 2)) * blocksize;
  const begin = held ?? Math.max(0, Math.min(wanted, data.length - shown));
  const absmax = quantized.scales.absmax;
  const [first, last] = [Math.floor(begin / blocksize), Math.floor((begin + shown - 1) / blocksize)];
  return {
    begin,
    weights: Array.from({ length: shown }, (_, i) => {
      const at = begin + i;
      const scale = absmax[Math.floor(at / blocksize)]!;
      return { at, value: scaled ? data[at]! / (scale || 1) : data[at]! };
    }),
    blocks: Array.from({ length: last - first + 1 }, (_, i) => {
      const index = first + i;
      return {
        index,
        from: Math.max(0, index * blocksize - begin),
        to: Math.min(shown, (index + 1) * blocksize - begin),
        absmax: absmax[index]!,
      };
    }),
  };
}

/** The reach of the strip's axis, up and down; with an outlier, as far as one may be pulled. */
export function reachOf({ scaled, planted, deviation }: Explore, { weights }: Strip): number {
  const outlier = planted === undefined ? 0 : MOST_DEVIATIONS * deviation;
  return 1.08 * (scaled ? 1 : Math.max(outlier, ...weights.map(({ value }) => Math.abs(value)), 1e-9));
}

/** The selected block alone. */
function blockOf({ data }: Tensor, block: number, blocksize: number): Tensor {
  const own = data.slice(block * blocksize, (block + 1) * blocksize);
  return { shape: [own.length], data: own };
}

/** The block's absmax and levels, and what a planted outlier did to it and to the block beside. */
export function blockSentence(explore: Explore): string {
  const { weights, unplanted, planted, book, blocksize, block, deviation } = explore;
  if (!weights || !unplanted || explore.blocks === 0) return 'No weights yet.';
  const look = (tensor: Tensor, index: number) => {
    const own = blockOf(tensor, index, blocksize);
    const quantized = quantizeBlockwise(own, book, blocksize);
    const { counts } = usedLevels(quantized);
    const used = counts.filter((n) => n > 0).length;
    return {
      absmax: quantized.scales.absmax[0]!,
      used,
      error: report(own, quantized).mean_abs_error / deviation,
    };
  };
  const now = look(weights, block);
  const first = `Block ${block}: absmax ${digits3(now.absmax)}, ${now.used} of the 16 values in use, mean error ${digits3(now.error)} standard deviations.`;
  if (planted === undefined) return first;
  const hit = Math.floor(planted / blocksize);
  const [before, after] = [look(unplanted, hit), look(weights, hit)];
  if (after.absmax <= before.absmax)
    return `${first} The outlier in block ${hit} is no larger than its neighbours.`;
  const cost = `The outlier in block ${hit} raised its absmax from ${digits3(before.absmax)} to ${digits3(after.absmax)}: its weights now use ${after.used} values instead of ${before.used}, and their error is ${digits3(after.error / before.error)} times what it was`;
  return explore.blocks > 1
    ? `${first} ${cost}. The other ${count(explore.blocks - 1, 'block')} did not change: that is what blocks are for.`
    : `${first} ${cost}.`;
}

/** The bars as numbers. */
export const blockTable = ({ weights, blocks, begin }: Strip): TableTwin => ({
  caption: 'The weights of the strip, block by block',
  head: ['block', 'place', 'value', 'absmax'],
  rows: blocks.flatMap(({ index, from, to, absmax }) =>
    weights
      .slice(from, to)
      .map(({ at, value }) => [index, at - begin - from, decimals(value, 4), decimals(absmax, 4)]),
  ),
});
