import { packGroups, readGroupSize, transposedGroups, wholeGroups } from './groups.ts';
import { nibbleOf, refuseSetting, requireFloats, requireWords, type SavedLayout } from './layout.ts';

/** quantization_config of AWQ, as far as it says how tensors are stored. */
export interface AwqSettings {
  group_size: number;
}

const TOOL = 'AWQ';

/** The nibble of a word that holds each of its eight output columns. */
const PLACE = [0, 4, 1, 5, 2, 6, 3, 7] as const;

/**
 * Reads the settings of AWQ (AutoAWQ).
 * @throws unsupported-quantization for another packing than "gemm".
 */
export function awqSettings(config: Readonly<Record<string, unknown>>): AwqSettings {
  const {
    bits = config.w_bit,
    group_size = config.q_group_size,
    version = config.format ?? 'gemm',
    zero_point = true,
  } = config;
  if (bits !== 4) refuseSetting(TOOL, 'bits', bits, '4');
  if (String(version).toLowerCase() !== 'gemm') refuseSetting(TOOL, 'version', version, 'gemm');
  if (zero_point !== true) refuseSetting(TOOL, 'zero_point', zero_point, 'true');
  return { group_size: readGroupSize(TOOL, group_size) };
}

/** AWQ's "gemm" layout: words of eight output columns in an order of their own, for codes and zeros alike. */
export function awqLayout({ group_size }: AwqSettings): SavedLayout {
  return {
    tool: TOOL,
    parts: /^(qweight|qzeros|scales)$/,
    warnings: [],
    isQuantized: (reader, name) => reader.dtypeOf(`${name}.qweight`) !== undefined,
    storageOf: () => Promise.resolve({ quant_type: 'awq', group_size }),
    async read(reader, name, shape) {
      const [rows, columns] = shape;
      const group = wholeGroups(TOOL, name, shape, group_size, { rows: 8 });
      const groups = columns / group;
      const across = rows / 8;
      const qweight = await requireWords(reader, `${name}.qweight`, columns * across);
      const qzeros = await requireWords(reader, `${name}.qzeros`, groups * across);
      const stored = await requireFloats(reader, `${name}.scales`, groups * rows);
      const codes = new Uint8Array(rows * columns);
      for (let k = 0; k < columns; k++) {
        for (let n = 0; n < rows; n++) {
          codes[n * columns + k] = nibbleOf(qweight[k * across + (n >> 3)]!, PLACE[n & 7]!);
        }
      }
      return packGroups({
        quant_type: 'awq',
        shape,
        group_size: group,
        codes,
        ...transposedGroups(
          rows,
          groups,
          (at) => stored[at]!,
          (g, n) => nibbleOf(qzeros[g * across + (n >> 3)]!, PLACE[n & 7]!),
        ),
        bits: { scale: 16, zero: 4 },
      });
    },
  };
}
