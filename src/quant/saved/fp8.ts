import { LabError } from '../../errors.ts';
import { fp8Codes, type Fp8Area } from '../fp8.ts';
import type { ByteCodes } from '../quantized.ts';
import { refuseSetting, requireBytes, requireFloats, type SavedLayout, type SavedReader } from './layout.ts';

const TOOL = 'FP8';

/** Rows and columns of a square that shares a scale. */
const SQUARE = 128;

/**
 * The layout of transformers' fine-grained FP8: E4M3 weights and a scale a square of 128, or one for all.
 * @throws unsupported-quantization for squares of another size, or scales of activations that are in the file.
 */
export function fp8Layout(config: Readonly<Record<string, unknown>>): SavedLayout {
  const { weight_block_size = null, activation_scheme = 'dynamic', fmt = 'e4m3' } = config;
  if (fmt !== 'e4m3') refuseSetting(TOOL, 'fmt', fmt, 'e4m3');
  const squares = JSON.stringify(weight_block_size) === `[${SQUARE},${SQUARE}]`;
  if (weight_block_size !== null && !squares) {
    refuseSetting(TOOL, 'weight_block_size', weight_block_size, `[${SQUARE}, ${SQUARE}], and none`);
  }
  if (activation_scheme !== 'dynamic') refuseSetting(TOOL, 'activation_scheme', activation_scheme, 'dynamic');
  return {
    tool: TOOL,
    parts: /^(weight|weight_scale_inv|weight_scale)$/,
    warnings: [
      "config.json asks for activations in FP8 as well (activation_scheme: dynamic); here they stay as computed, as under transformers' dequantize option",
    ],
    isQuantized: (reader, name) => reader.dtypeOf(`${name}.weight`) === 'F8_E4M3',
    storageOf: () => Promise.resolve({ quant_type: 'fp8', scaling: squares ? '128x128' : 'tensor' }),
    read: (reader, name, shape) =>
      readFp8(
        reader,
        name,
        reader.dtypeOf(`${name}.weight_scale`) ? `${name}.weight_scale` : `${name}.weight_scale_inv`,
        shape,
      ),
  };
}

/**
 * Reads E4M3 weights with the scales beside them, by which codes are multiplied: one, one a row, or one a square of 128.
 * @throws bad-quant-state for other numbers of scales; non-finite-weights for a NaN.
 */
export async function readFp8(
  reader: SavedReader,
  name: string,
  scaleName: string,
  shape: readonly [number, number],
): Promise<ByteCodes> {
  const [rows, columns] = shape;
  const codes = await requireBytes(reader, `${name}.weight`, rows * columns);
  const wrong = codes.findIndex((code) => (code & 0x7f) === 0x7f);
  if (wrong >= 0) {
    throw new LabError(
      'non-finite-weights',
      `${name}.weight[${Math.floor(wrong / columns)}, ${wrong % columns}] is NaN; weights must be finite numbers.`,
    );
  }
  const { count, ...area } = await areaOf(reader, name, scaleName, shape);
  return fp8Codes(codes, await requireFloats(reader, scaleName, count), shape, area);
}

/** The rows and columns that a scale serves, by how many scales there are, and blocks along a row that lie within one. */
async function areaOf(
  reader: SavedReader,
  name: string,
  scaleName: string,
  [rows, columns]: readonly [number, number],
): Promise<Fp8Area & { count: number }> {
  const bytes = await reader.read(scaleName);
  const found = (bytes?.length ?? 0) / (reader.dtypeOf(scaleName) === 'F32' ? 4 : 2);
  const squares = Math.ceil(rows / SQUARE) * Math.ceil(columns / SQUARE);
  if (found === 1) return { blocksize: columns, high: rows, wide: columns, count: 1 };
  if (found === rows) return { blocksize: columns, high: 1, wide: columns, count: rows };
  if (found === squares) {
    return { blocksize: commonDivisor(SQUARE, columns), high: SQUARE, wide: SQUARE, count: squares };
  }
  throw new LabError(
    'bad-quant-state',
    `${scaleName} has ${found} scales for ${name} [${rows}, ${columns}]; allowed: 1, ${rows}, or ${squares}, one a square of ${SQUARE}.`,
  );
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
