import { dequantizeBlockwise, quantizeBlockwise } from '../../quant/blockwise.ts';
import type { Codebook } from '../../quant/codebook.ts';
import {
  NESTED_BLOCKSIZE,
  dequantizeAbsmax,
  quantizeAbsmax,
  type NestedAbsmax,
} from '../../quant/double_quant.ts';
import type { Blockwise4bit } from '../../quant/quantized.ts';
import { bytes, words } from '../../tensor/words.ts';
import type { Arrays, Overrides, Params } from '../device/kernel.ts';
import { nestedCodes } from '../device/limits.ts';
import type { Touch } from '../traffic/touched.ts';

/** The number a shader knows a kind of scales by: `override SCALES` of shaders/preludes/scales.wgsl. */
export const SCALES = { absmax: 0, nested: 1 } as const;

/** The number a shader knows by what blocks move their codes: `override SHIFT` of the same file. */
export const SHIFT = { none: 0, zero: 1, minimum: 2 } as const;

/** The uniform field by which a shader finds the block of a weight: blocks have 2^block_shift weights. */
export const BLOCKS = { block_shift: 'u32' } as const;

/** A block's weights, a power of two, as shaders shift by it: 64 is 6. */
export const blockParams = (blocksize: number): Params<typeof BLOCKS> => ({
  block_shift: powerIn(blocksize),
});

/** The power of two in a number: 6 in 192. */
const powerIn = (n: number): number => 31 - Math.clz32(n & -n);

/** The longest blocks that a shader may find by shifting, of which one of `blocksize` weights is made up: 64 of 192. */
export const shiftedBlock = (blocksize: number): number => 2 ** powerIn(blocksize);

/** The uniform fields of every shader that reads 4-bit weights. */
export const BLOCKWISE = {
  ...BLOCKS,
  first_block: 'u32',
  absmax_offset: 'u32',
  block_2: 'u32',
  first_block_2: 'u32',
  absmax_offset_2: 'u32',
  block_3: 'u32',
  first_block_3: 'u32',
  absmax_offset_3: 'u32',
} as const;

/** A matrix among those whose double-quantized scales lie one behind the other. */
export interface NestedRange {
  /** Its first block. */
  block: number;
  /** What is added to a block's number to find its code and its nested block, 256 to one; modulo 2^32. */
  first_block: number;
  /** Where the mean that was taken off its absmax values lies among the nested ones. */
  offset: number;
}

/** Double-quantized scales as they lie on the device, the mean behind the nested absmax. */
export function nestedArrays({
  codes,
  nested_absmax,
  offset,
}: Pick<NestedAbsmax, 'codes' | 'nested_absmax' | 'offset'>) {
  const padded = new Uint8Array(nestedCodes(codes.length));
  padded.set(codes);
  const withMean = new Float32Array(nested_absmax.length + 1);
  withMean.set(nested_absmax);
  withMean[nested_absmax.length] = offset;
  return { codes: padded, nested_absmax: withMean };
}

/** A block that none reaches. */
const NO_BLOCK = 0xffffffff;

/** Up to three matrices' ranges as the shaders are told. */
export function rangeParams([first, second, third]: readonly NestedRange[]) {
  const none = { block: NO_BLOCK, first_block: 0, offset: 0 };
  const [two, three] = [second ?? none, third ?? none];
  return {
    first_block: first?.first_block ?? 0,
    absmax_offset: first?.offset ?? 0,
    block_2: two.block,
    first_block_2: two.first_block,
    absmax_offset_2: two.offset,
    block_3: three.block,
    first_block_3: three.first_block,
    absmax_offset_3: three.offset,
  };
}

/** The buffers of every shader that reads 4-bit weights, in their order. */
export const BLOCKWISE_BINDINGS = {
  packed: 'read u32',
  code: 'read f32',
  scales: 'read u32',
  nested_absmax: 'read f32',
  nested_code: 'read f32',
} as const;

type BlockwiseArrays = Arrays<typeof BLOCKWISE_BINDINGS>;
type BlockwiseParams = Params<typeof BLOCKWISE>;

/** The float32 weights a shader sees in its buffers. */
export function blockwiseWeights(
  n: number,
  { block_shift, first_block, absmax_offset }: BlockwiseParams,
  { packed, code, scales, nested_absmax, nested_code }: BlockwiseArrays,
  overrides: Overrides,
): Float32Array<ArrayBuffer> {
  const blocksize = 2 ** block_shift;
  const blocks = Math.ceil(n / blocksize);
  const nested = overrides.SCALES === SCALES.nested;
  const absmax = nested
    ? dequantizeAbsmax({
        codes: bytes(scales).slice(0, first_block + blocks),
        nested_absmax,
        code: nested_code,
        offset: nested_absmax[absmax_offset]!,
      }).slice(first_block)
    : new Float32Array(scales.buffer, scales.byteOffset, blocks);
  const plain = {
    quant_type: 'custom',
    shape: [n],
    blocksize,
    code,
    packed: bytes(packed),
    scales: { kind: 'absmax', absmax },
  } as const;
  const values = nested_absmax.subarray(0, blocks);
  return dequantizeBlockwise({ ...plain, ...shiftOf(overrides, values) }).data;
}

/** What blocks move their codes by, as a shader is told. */
function shiftOf(
  { SHIFT: shift }: Overrides,
  values: Float32Array<ArrayBuffer>,
): Pick<Blockwise4bit, 'shift'> {
  if (shift === SHIFT.none) return {};
  return { shift: { kind: shift === SHIFT.zero ? 'zero' : 'minimum', values, bits: 32 } };
}

/** The uniform fields and buffers of weights quantized for a check; a nested part begins at block `first_block`. */
export function blockwiseCase(
  data: Float32Array<ArrayBuffer>,
  book: Codebook,
  blocksize: number,
  nested: boolean,
  first_block = 0,
  shift: keyof typeof SHIFT = 'none',
): { params: BlockwiseParams; arrays: BlockwiseArrays; overrides: Overrides; name: string } {
  const { packed, scales, code } = quantizeBlockwise({ shape: [data.length], data }, book, blocksize);
  const { absmax } = scales;
  const name = `${book.quant_type} ${blocksize}${nested ? ' · double quant' : ''}`;
  const plain = { packed: words(packed), code };
  if (!nested) {
    const unused = new Float32Array(1);
    const points = absmax.map((scale, i) => (i % 3) - 1 + scale / 7);
    return {
      name: shift === 'none' ? name : `${name} · ${shift}`,
      params: { ...blockParams(blocksize), ...rangeParams([]) },
      arrays: {
        ...plain,
        scales: words(absmax),
        nested_absmax: shift === 'none' ? unused : points,
        nested_code: unused,
      },
      overrides: { SCALES: SCALES.absmax, SHIFT: SHIFT[shift] },
    };
  }
  const before = new Float32Array(first_block).fill(0.5);
  const whole = quantizeAbsmax(Float32Array.of(...before, ...absmax));
  const { codes, nested_absmax } = nestedArrays(whole);
  const range = { block: 0, first_block, offset: whole.nested_absmax.length };
  return {
    name,
    params: { ...blockParams(blocksize), ...rangeParams([range]) },
    arrays: { ...plain, scales: words(codes), nested_absmax, nested_code: whole.code },
    overrides: { SCALES: SCALES.nested, SHIFT: SHIFT.none },
  };
}

/** Blocks before a part that begins in the middle of a nested block. */
export const ODD_FIRST_BLOCK = NESTED_BLOCKSIZE - 3;

/** What `scale_at` of scales.wgsl reads for a block; places in nested_code depend on the codes. */
export function blockTouches(
  block: number,
  first_block: number,
  { SCALES: scales, SHIFT: shift }: Overrides,
): Touch[] {
  if (scales === SCALES.nested) {
    return [
      ['scales', Math.floor((first_block + block) / 4)],
      ['nested_absmax', Math.floor((first_block + block) / NESTED_BLOCKSIZE)],
    ];
  }
  return [['scales', block], ...(shift === SHIFT.none ? [] : [['nested_absmax', block] as const])];
}
