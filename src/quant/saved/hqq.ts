import { ruler } from '../codebook.ts';
import { packNibbles } from '../pack.ts';
import { LabError } from '../../errors.ts';
import { refuseSetting, requireBytes, requireFloats, type SavedLayout } from './layout.ts';

type Json = Readonly<Record<string, unknown>>;

const TOOL = 'HQQ';

/**
 * hqq's layout in safetensors: four bits, groups along rows, the first half of all groups in the high nibbles.
 * @throws unsupported-quantization for other bits, the other axis, or scales that are quantized in their turn.
 */
export function hqqLayout({ quant_config }: Json): SavedLayout {
  const config = (quant_config ?? {}) as Json;
  const weights = (config.weight_quant_params ?? {}) as Json;
  const { nbits, axis, group_size } = weights;
  if (nbits !== 4) refuseSetting(TOOL, 'nbits', nbits ?? null, '4');
  if (axis !== 1) refuseSetting(TOOL, 'axis', axis ?? null, '1');
  if (weights.view_as_float) refuseSetting(TOOL, 'view_as_float', true, 'false');
  for (const key of ['scale_quant_params', 'zero_quant_params']) {
    if (config[key]) refuseSetting(TOOL, key, config[key], 'scales and zero points in floats');
  }
  if (typeof group_size !== 'number' || group_size <= 0 || group_size % 8 !== 0) {
    refuseSetting(TOOL, 'group_size', group_size ?? null, 'multiples of 8');
  }
  return {
    tool: TOOL,
    parts:
      /^(W_q|scale|zero|nbits|group_size|shape|axis|packing|unpack_view_dtype|view_as_float|quant_scale|quant_zero|compute_dtype|offload_meta|encoded_state_dict|stores_quant_config|channel_wise|optimize|round_zero)$/,
    warnings: [],
    isQuantized: (reader, name) => reader.dtypeOf(`${name}.W_q`) !== undefined,
    storageOf: () => Promise.resolve({ quant_type: 'hqq', group_size }),
    async read(reader, name, shape) {
      const [rows, columns] = shape;
      const groups = (rows * columns) / group_size;
      if (columns % group_size !== 0 || groups % 2 !== 0) {
        throw new LabError(
          'unsupported-quantization',
          `${name} is [${rows}, ${columns}] in groups of ${group_size}; Nibble opens ${TOOL}'s layers of whole groups in each row, an even number in all.`,
        );
      }
      const half = (rows * columns) / 2;
      const W_q = await requireBytes(reader, `${name}.W_q`, half);
      const bits = reader.dtypeOf(`${name}.scale`) === 'F32' ? 32 : 16;
      return {
        quant_type: 'hqq',
        shape,
        blocksize: group_size,
        code: ruler(0),
        packed: packNibbles(
          Uint8Array.from({ length: 2 * half }, (_, i) => (i < half ? W_q[i]! >> 4 : W_q[i - half]! & 15)),
        ),
        scales: { kind: 'absmax', absmax: await requireFloats(reader, `${name}.scale`, groups), bits },
        shift: { kind: 'zero', values: await requireFloats(reader, `${name}.zero`, groups), bits },
      };
    },
  };
}
