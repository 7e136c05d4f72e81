import { formatOf, type Blockwise4bitConfig, type QuantConfig } from '../quant/config.ts';
import { nestedBlocks } from '../quant/double_quant.ts';
import { nestedCodes } from '../gpu/device/limits.ts';

/**
 * Bytes of each buffer that a weight [rows, columns] takes on the device under a configuration that quantizes it, without
 * the tables that all weights share.
 */
export function quantizedSizes(config: QuantConfig, [rows, columns]: readonly [number, number]): number[] {
  const format = formatOf(config);
  const n = rows * columns;
  const blocksize = format.blocksizeOf?.(config, columns) ?? columns;
  const blocks = runsOn(config) ? Math.ceil(n / blocksize) : rows * Math.ceil(columns / blocksize);
  switch (format.arithmetic(config)) {
    case 'float':
      throw new Error(`${config.quant_type} quantizes nothing`);
    case 'int8':
      return [n, format.scaleBytes([rows, columns], config)];
    case 'llm_int8':
      return [4 * rows * Math.ceil(columns / 4), 4 * rows];
    case '8-bit':
      return [n, 4 * blocks];
    case '4-bit':
      return [
        Math.ceil(n / 2),
        ...(format.nestedScales?.(config)
          ? [nestedCodes(blocks), 4 * (nestedBlocks(blocks) + 1)]
          : [4 * blocks]),
        ...(format.shiftOf?.(config) ? [4 * blocks] : []),
      ];
  }
}

/** Bytes of the tables that all weights of a configuration share. */
export function sharedSizes(config: QuantConfig): number[] {
  const format = formatOf(config);
  switch (format.arithmetic(config)) {
    case '4-bit':
      return [CODE_BYTES, ...tableSizes(config)];
    case '8-bit':
      return [TABLE_BYTES];
    default:
      return [];
  }
}

/** Of what scales stand for, and of what tells the GPU which is the nearest. */
const tableSizes = (config: QuantConfig): number[] => {
  if (!formatOf(config).nestedScales?.(config)) return [];
  return runsOn(config) ? [TABLE_BYTES, TABLE_BYTES] : [TABLE_BYTES];
};

/** Bytes that pass through the device beside a weight, while its absmax values are quantized in their turn. */
export const nestingBytes = (config: QuantConfig, [rows, columns]: readonly [number, number]): number =>
  runsOn(config) && config.double_quant ? 4 * Math.ceil((rows * columns) / config.blocksize) : 0;

/** True of a codebook's blocks: the GPU makes them, and they run on from row to row. */
const runsOn = (config: QuantConfig): config is Blockwise4bitConfig => 'double_quant' in config;

/** Sixteen values, and two hundred and fifty-six. */
const CODE_BYTES = 4 * 16;
const TABLE_BYTES = 4 * 256;
