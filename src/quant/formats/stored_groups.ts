import type { Config, Format } from './format.ts';
import { groupedScaleBytes } from './grouped.ts';

/** Groups of 4-bit codes that other tools made: -1 is a group a row. */
export type GptqConfig = Config<'gptq', 'group_size' | 'symmetric' | 'compute_dtype' | 'skip_modules'>;
export type PackQuantizedConfig = Config<
  'pack_quantized',
  'group_size' | 'symmetric' | 'compute_dtype' | 'skip_modules'
>;
export type AwqConfig = Config<'awq', 'group_size' | 'compute_dtype' | 'skip_modules'>;

const groupName = (group_size: number): string => (group_size === -1 ? 'per row' : `g${group_size}`);

/** What a row of a format that a checkpoint comes in has in common: nothing here quantizes to it. */
const stored = <C extends GptqConfig | PackQuantizedConfig | AwqConfig>(
  isSymmetric: (config: C) => boolean,
  zeroBits: number,
) =>
  ({
    arithmetic: () => '4-bit',
    shiftOf: (config: C) => (isSymmetric(config) ? undefined : 'zero'),
    blocksizeOf: ({ group_size }: C, columns: number) => (group_size === -1 ? columns : group_size),
    codeBits: () => 4,
    scaleBytes: ([rows, columns]: readonly [number, number], config: C) =>
      groupedScaleBytes<C>(({ group_size }) => ({
        size: group_size === -1 ? columns : group_size,
        bits: 16 + (isSymmetric(config) ? zeroBits : 4),
      }))([rows, columns], config),
    sharedBytes: () => 0,
    saved: undefined,
  }) satisfies Partial<Format<C>>;

/** A checkpoint of GPTQ; its zeros are always stored. */
export const gptq: Format<GptqConfig, undefined> = {
  ...stored<GptqConfig>(({ symmetric }) => symmetric, 4),
  quant_type: 'gptq',
  title: 'GPTQ',
  knobs: { group_size: 128, symmetric: true, compute_dtype: 'float32', skip_modules: undefined },
  nameOf: ({ group_size, symmetric }) =>
    `GPTQ · ${groupName(group_size)}${symmetric ? '' : ' · zero points'}`,
  look: { hue: 'nf4', shape: 'triangle', dash: 'solid' },
};

/** A checkpoint of compressed-tensors whose weights are packed integers. */
export const pack_quantized: Format<PackQuantizedConfig, undefined> = {
  ...stored<PackQuantizedConfig>(({ symmetric }) => symmetric, 0),
  quant_type: 'pack_quantized',
  title: 'compressed-tensors INT4',
  knobs: { group_size: 128, symmetric: true, compute_dtype: 'float32', skip_modules: undefined },
  nameOf: ({ group_size, symmetric }) =>
    `INT4 · ${groupName(group_size)}${symmetric ? '' : ' · zero points'} · compressed-tensors`,
  look: { hue: 'int8', shape: 'circle', dash: 'dash-dot' },
};

/** A checkpoint of AWQ. */
export const awq: Format<AwqConfig, undefined> = {
  ...stored<AwqConfig>(() => false, 4),
  quant_type: 'awq',
  title: 'AWQ',
  knobs: { group_size: 128, compute_dtype: 'float32', skip_modules: undefined },
  nameOf: ({ group_size }) => `AWQ · ${groupName(group_size)}`,
  look: { hue: 'nf4', shape: 'diamond', dash: 'dotted' },
};
