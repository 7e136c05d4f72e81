import { LabError } from '../../errors.ts';
import { encodeFloats } from '../../tensor/dtype.ts';
import type { QuantConfig } from '../config.ts';
import { nibbleAt } from '../pack.ts';
import type { Writer } from './writer.ts';

type HqqConfig = Extract<QuantConfig, { quant_type: 'hqq' }>;
type Bytes = Uint8Array<ArrayBuffer>;

/** Scales and zero points are kept in the dtype computed in. */
const DTYPES = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/** A constant of a layer as hqq encodes it for safetensors (core/utils.py, encode_safetensor_type). */
type Constant = readonly [name: string, dtype: string, shape: readonly number[], bytes: Bytes];

const number = (name: string, value: number): Constant => [
  name,
  'I32',
  [],
  new Uint8Array(Int32Array.of(value).buffer),
];
const flag = (name: string, value: boolean): Constant => [name, 'U8', [], Uint8Array.of(Number(value))];
const text = (name: string, value: string): Constant => [
  name,
  'U8',
  [value.length],
  new TextEncoder().encode(value),
];

/** What hqq keeps beside a layer's codes, scales and zero points (core/quantize.py, HQQLinear.state_dict). */
const constantsOf = (
  { group_size, compute_dtype }: HqqConfig,
  [rows, columns]: readonly [number, number],
): Constant[] => [
  number('nbits', 4),
  number('group_size', group_size),
  ['shape', 'I64', [2], new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer)],
  number('axis', 1),
  text('packing', '4bit_u8'),
  text('unpack_view_dtype', 'torch.uint8'),
  text('compute_dtype', `torch.${compute_dtype}`),
  ...['view_as_float', 'quant_scale', 'quant_zero', 'offload_meta'].map((name) => flag(name, false)),
  ...['encoded_state_dict', 'stores_quant_config', 'channel_wise', 'optimize', 'round_zero'].map((name) =>
    flag(name, true),
  ),
];

/** Writes layers as hqq 0.2.8 keeps them, in safetensors: groups along rows, two halves of all groups to a byte. */
export const hqq: Writer = {
  tool: 'hqq',
  opener: 'hqq, and transformers 4 with it',
  mixes: false,
  layer: (config) =>
    config.quant_type === 'hqq'
      ? {
          plan(name, shape) {
            const groups = (shape[0] * shape[1]) / config.group_size;
            if (groups % 2 !== 0) {
              throw new LabError(
                'bad-spec',
                `${name} has ${groups} groups of ${config.group_size}; hqq packs an even number of them.`,
              );
            }
            const dtype = DTYPES[config.compute_dtype];
            const part = (called: string, type: string, size: readonly number[]) => ({
              name: `${name}.${called}`,
              dtype: type,
              shape: size,
            });
            return [
              part('W_q', 'U8', [groups / 2, config.group_size]),
              part('scale', dtype, [groups, 1]),
              part('zero', dtype, [groups, 1]),
              ...constantsOf(config, shape).map(([called, type, size]) => part(called, type, size)),
            ];
          },
          bytes(quantized) {
            if (!('packed' in quantized) || quantized.scales.kind !== 'absmax' || !quantized.shift) {
              throw new LabError('internal', `${quantized.quant_type} has no groups with zero points`);
            }
            const { packed, scales, shift } = quantized;
            // The first half of all groups is in the high nibbles.
            const half = packed.length;
            const W_q = Uint8Array.from(
              { length: half },
              (_, i) => (nibbleAt(packed, i) << 4) | nibbleAt(packed, half + i),
            );
            const dtype = DTYPES[config.compute_dtype];
            const constants = constantsOf(config, quantized.shape as [number, number]);
            return [
              W_q,
              encodeFloats(dtype, scales.absmax),
              encodeFloats(dtype, shift.values),
              ...constants.map(([, , , bytes]) => bytes),
            ];
          },
        }
      : undefined,
  settings({ groups: [{ config }], skipped }) {
    const { group_size } = config as HqqConfig;
    return {
      quant_method: 'hqq',
      quant_config: {
        weight_quant_params: {
          nbits: 4,
          channel_wise: true,
          group_size,
          optimize: true,
          round_zero: true,
          axis: 1,
          view_as_float: false,
        },
        scale_quant_params: null,
        zero_quant_params: null,
        offload_meta: false,
      },
      skip_modules: ['lm_head', ...skipped],
    };
  },
};
