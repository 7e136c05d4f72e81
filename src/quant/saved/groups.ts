import { LabError } from '../../errors.ts';
import { ruler } from '../codebook.ts';
import { packNibbles } from '../pack.ts';
import type { Blockwise4bit, PlainBlockwise4bit } from '../quantized.ts';
import { refuseSetting } from './layout.ts';

/** Codes, scales and zero points of groups along rows, as the readers of several tools find them. */
export interface Groups {
  quant_type: Blockwise4bit['quant_type'];
  shape: readonly [number, number];
  group_size: number;
  /** [rows, columns], 0 to 15. */
  codes: Uint8Array;
  /** [rows, groups of a row] */
  scales: Float32Array<ArrayBuffer>;
  /** The same, of codes 0 to 15; undefined where all of them are 8. */
  zeros: Float32Array<ArrayBuffer> | undefined;
  /** Bits that a scale and a zero take where they are stored. */
  bits: { scale: number; zero: number };
  /** [columns] The column of the weight that each column of codes is; undefined where they stand in their own order. */
  order?: Uint32Array<ArrayBuffer>;
}

/** weight = (code − zero) · scale, with the one zero that all groups share put into the values of the codes. */
export const packGroups = ({
  quant_type,
  shape,
  group_size,
  codes,
  scales,
  zeros,
  bits,
  order,
}: Groups): PlainBlockwise4bit => ({
  quant_type,
  shape,
  blocksize: group_size,
  code: ruler(zeros ? 0 : -8),
  packed: packNibbles(codes),
  scales: { kind: 'absmax', absmax: scales, bits: bits.scale },
  ...(zeros && { shift: { kind: 'zero', values: zeros, bits: bits.zero } }),
  ...(order && { order }),
});

/** Zeros of all groups, or undefined where they are all 8. */
export const unlessEight = (zeros: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> | undefined =>
  zeros.every((zero) => zero === 8) ? undefined : zeros;

/** Codes that a kernel takes at once, all of them of one group. */
const STEP = 8;

/**
 * The group size of a tool's settings, -1 for whole rows.
 * @throws unsupported-quantization where codes taken together would be of two groups.
 */
export function readGroupSize(tool: string, group_size: unknown): number {
  if (group_size === -1) return group_size;
  if (typeof group_size === 'number' && group_size > 0 && group_size % STEP === 0) return group_size;
  return refuseSetting(tool, 'group_size', group_size, `multiples of ${STEP}, and -1`);
}

/**
 * The size of a layer's groups, a row's for -1.
 * @throws unsupported-quantization where a row is no whole number of groups, or sizes are no multiples of what a word
 * of the tool holds.
 */
export function wholeGroups(
  tool: string,
  name: string,
  [rows, columns]: readonly [number, number],
  group_size: number,
  packed: { rows?: number; columns?: number } = {},
): number {
  const group = group_size === -1 ? columns : group_size;
  if (columns % group === 0 && rows % (packed.rows ?? 1) === 0 && columns % (packed.columns ?? 1) === 0) {
    return group;
  }
  throw new LabError(
    'unsupported-quantization',
    `${name} is [${rows}, ${columns}] in groups of ${group}; Nibble opens ${tool}'s layers of whole groups.`,
  );
}

/** Scales and zeros [rows, groups] of a tool that keeps them [groups, rows]. */
export function transposedGroups(
  rows: number,
  groups: number,
  scaleAt: (at: number) => number,
  zeroAt: (group: number, row: number) => number,
): Pick<Groups, 'scales' | 'zeros'> {
  const [scales, zeros] = [new Float32Array(rows * groups), new Float32Array(rows * groups)];
  for (let g = 0; g < groups; g++) {
    for (let n = 0; n < rows; n++) {
      scales[n * groups + g] = scaleAt(g * rows + n);
      zeros[n * groups + g] = zeroAt(g, n);
    }
  }
  return { scales, zeros: unlessEight(zeros) };
}
