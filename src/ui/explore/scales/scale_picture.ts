import { nearest, type Codebook } from '../../../quant/codebook.ts';
import { dequantizeBlockwise } from '../../../quant/blockwise.ts';
import { decodeScales } from '../../../quant/scales.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { count, decimals, digits3, listed, whole } from '../../../study/view/format.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import type { Scale } from '../../chart/scale.ts';
import type { ScaleChoice } from './scale_rules.ts';

/**
 * Scales on the axis, as shares of the one that takes a block's largest weight to the code's largest value: at 1 and
 * beyond nothing is cut off.
 */
export const LEAST_SHARE = 0.4;
export const MOST_SHARE = 3.2;

/** What a scale does to a block: errors are the root mean square error over that of the weights. */
export interface Scaled {
  scale: number;
  share: number;
  error: number;
  /** Weights beyond the code's last value, which become that value. */
  cut: number;
}

/** A rule on the selected block, and its error over all blocks. */
export interface RuleRow extends Scaled {
  name: string;
  all: number;
}

/** All blocks under every rule: what moves only with the weights. */
export interface Ruled {
  choice: ScaleChoice;
  blocks: number;
  weights: Tensor;
  rules: readonly { name: string; scales: Float32Array; all: number; stored: readonly number[] }[];
}

/** Quantizes the whole blocks of the weights under every rule; undefined where there is not one block. */
export function ruledOf(weights: Tensor | undefined, choice: ScaleChoice): Ruled | undefined {
  const blocks = Math.floor((weights?.data.length ?? 0) / choice.blocksize);
  if (!weights || blocks === 0) return undefined;
  const data = weights.data.slice(0, blocks * choice.blocksize);
  const tensor = { shape: [blocks, choice.blocksize], data };
  const rules = choice.rules.map(({ name, quantize }) => {
    const quantized = quantize(tensor);
    const back = dequantizeBlockwise(quantized).data;
    return {
      name,
      scales: decodeScales(quantized.scales),
      all: relative(data, (_, i) => back[i]!),
      stored: choice.stored?.(quantized.scales) ?? [],
    };
  });
  return { choice, blocks, weights: tensor, rules };
}

/** The root mean square of what is lost, over that of the weights; 0 of zeros. */
function relative(data: Float32Array, back: (x: number, i: number) => number): number {
  let lost = 0;
  let size = 0;
  data.forEach((x, i) => {
    lost += (x - back(x, i)) ** 2;
    size += x * x;
  });
  return size === 0 ? 0 : Math.sqrt(lost / size);
}

/** The largest magnitude of a code. */
const reach = ({ code }: Codebook<string>): number => code.reduce((far, x) => Math.max(far, Math.abs(x)), 0);

/** The weights of one block, and the largest magnitude among them. */
export function blockOf({ weights, choice: { blocksize } }: Ruled, at: number) {
  const data = weights.data.subarray(at * blocksize, (at + 1) * blocksize);
  return { data, absmax: data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0) };
}

export type Block = ReturnType<typeof blockOf>;

/** What a scale does to a block; where it may be negative, with the better of the two signs. */
export function scaleBlock({ book, signed }: ScaleChoice, block: Block, scale: number): Scaled {
  const plus = underScale(book, block, scale);
  if (!signed) return plus;
  const minus = underScale(book, block, -scale);
  return minus.error < plus.error ? minus : plus;
}

/** What exactly this scale does to a block. */
function underScale(book: Codebook<string>, { data, absmax }: Block, scale: number): Scaled {
  return {
    scale,
    share: absmax === 0 ? 1 : (Math.abs(scale) * reach(book)) / absmax,
    error: relative(data, (x) => (scale === 0 ? 0 : book.code[nearest(book, x / scale)]! * scale)),
    cut: scale === 0 ? 0 : cutOff(book, data, scale),
  };
}

/** Weights further out than the code's last value on their side, by more than half of the gap before it. */
function cutOff({ code }: Codebook<string>, data: Float32Array, scale: number): number {
  const sorted = code.toSorted();
  const [low, high] = [sorted[0]!, sorted[15]!];
  const [below, above] = [low - (sorted[1]! - low) / 2, high + (high - sorted[14]!) / 2];
  return data.reduce((n, x) => n + (x / scale < below || x / scale > above ? 1 : 0), 0);
}

/** The scale of a share. */
export const scaleOfShare = ({ book }: ScaleChoice, { absmax }: Block, share: number): number =>
  (share * absmax) / reach(book);

/** Every rule on one block. */
export const rulesOn = (ruled: Ruled, at: number): RuleRow[] =>
  ruled.rules.map(({ name, scales, all }) => ({
    name,
    all,
    ...underScale(ruled.choice.book, blockOf(ruled, at), scales[at]!),
  }));

/** The marks on the curve: rules that take the same scale share one. */
export function marksOf(rows: readonly RuleRow[]): { label: string; share: number; error: number }[] {
  const marks: { label: string; share: number; error: number }[] = [];
  for (const { name, share, error } of rows) {
    const same = marks.find((mark) => mark.share === share);
    if (same) same.label += `, ${name}`;
    else if (share >= LEAST_SHARE && share <= MOST_SHARE) marks.push({ label: name, share, error });
  }
  return marks;
}

/** Points of the curve, close enough that none of its corners is missed. */
const POINTS = 220;

/** The error of a block under every scale there is room for. */
export function curveOf(choice: ScaleChoice, block: Block): Scaled[] {
  const factor = MOST_SHARE / LEAST_SHARE;
  return Array.from({ length: POINTS + 1 }, (_, i) =>
    scaleBlock(choice, block, scaleOfShare(choice, block, LEAST_SHARE * factor ** (i / POINTS))),
  );
}

/** The shares that can be stored at all, as far as there is room for them. */
export function storedShares({ rules, choice }: Ruled, { absmax }: Block): number[] {
  const shares = rules[0]!.stored.map((scale) => (scale * reach(choice.book)) / (absmax || 1));
  return shares.filter((share) => share >= LEAST_SHARE && share <= MOST_SHARE);
}

/** An axis on which equal factors take equal lengths. */
export function shareScale(range: readonly [number, number]): Scale {
  const [from, to] = range;
  const [low, high] = [Math.log(LEAST_SHARE), Math.log(MOST_SHARE)];
  const place = (share: number) => from + ((Math.log(share) - low) / (high - low)) * (to - from);
  return Object.assign(place, { range, ticks: () => [0.5, 1, 1.5, 2, 3] });
}

const percent = (error: number): string => `${digits3(100 * error)} %`;

/** One scale on the block in words. */
const inWords = ({ name, error, cut }: { name: string } & Pick<Scaled, 'error' | 'cut'>): string =>
  `${name} loses ${percent(error)}${cut > 0 ? ` and cuts off ${count(cut, 'weight')}` : ''}`;

/** The picture in a sentence. */
export function scaleSentence(
  { choice, blocks }: Ruled,
  at: number,
  rows: readonly RuleRow[],
  hand: Scaled,
): string {
  const parts = [...rows.map(inWords), inWords({ ...hand, name: 'yours' })];
  return `Block ${whole(at)} of ${whole(blocks)}, ${choice.blocksize} weights in ${choice.label}: ${listed(parts)}.`;
}

/** The rules as numbers. */
export const rulesTable = (rows: readonly RuleRow[], hand: Scaled): TableTwin => ({
  caption: 'Scales of this block, as shares of the scale that takes its largest weight to the largest value',
  head: ['rule', 'share', 'cut off', 'error, this block', 'error, all blocks'],
  rows: [...rows, { ...hand, name: 'yours', all: undefined }].map(({ name, share, cut, error, all }) => [
    name,
    decimals(share, 3),
    cut,
    percent(error),
    all === undefined ? '' : percent(all),
  ]),
});
