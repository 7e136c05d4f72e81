import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** Groups of 4-bit codes as compressed-tensors stores them: -1 is a group a row. */
export type PackQuantizedConfig = Config<'pack_quantized', 'group_size' | 'symmetric' | 'compute_dtype'>;

/** A group's size in a name. */
export const groupName = (group_size: number): string => (group_size === -1 ? 'per row' : `g${group_size}`);

/** A configuration of codes in groups, and of GPTQ in which order. */
interface Grouped {
  quant_type: string;
  group_size: number;
  desc_act?: boolean | undefined;
  static_groups?: boolean | undefined;
}

/** What formats of 4-bit codes under float16 scales of groups have in common; `zeroBits` of symmetric ones, too. */
export const grouped = <C extends Grouped>(isSymmetric: (config: C) => boolean, zeroBits: number) =>
  ({
    arithmetic: () => '4-bit',
    shiftOf: (config: C) => (isSymmetric(config) ? undefined : 'zero'),
    blocksizeOf: ({ group_size }: C, columns: number) => (group_size === -1 ? columns : group_size),
    codeBits: () => 4,
    scaleBytes: ([rows, columns]: readonly [number, number], config: C) =>
      groupedScaleBytes<C>(({ group_size }) => ({
        size: group_size === -1 ? columns : group_size,
        bits: 16 + (isSymmetric(config) ? zeroBits : 4),
      }))([rows, columns], config) + (isScattered(config) ? 4 * columns : 0),
    groupOf: ({ group_size }: C) => (group_size === -1 ? 1 : group_size),
    sharedBytes: () => 0,
    saved: undefined,
  }) satisfies Partial<Format<C>>;

/** A checkpoint of compressed-tensors whose weights are packed integers. */
export const pack_quantized: Format<PackQuantizedConfig, undefined> = {
  ...grouped<PackQuantizedConfig>(({ symmetric }) => symmetric, 0),
  quant_type: 'pack_quantized',
  title: 'compressed-tensors INT4',
  knobs: { group_size: 128, symmetric: true, compute_dtype: 'float32', ...NO_EXCEPTIONS },
  nameOf: ({ group_size, symmetric }) =>
    `INT4 · ${groupName(group_size)}${symmetric ? '' : ' · zero points'} · compressed-tensors`,
  look: { hue: 'int8', shape: 'circle', dash: 'dash-dot' },
};

/** Whether the columns of a group lie apart, so that their order is stored. */
const isScattered = ({ group_size, desc_act, static_groups }: Grouped): boolean =>
  desc_act === true && !static_groups && group_size !== -1;
