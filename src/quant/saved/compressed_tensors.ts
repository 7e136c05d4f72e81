import { LabError } from '../../errors.ts';
import { E2M1 } from '../e2m1.ts';
import { E4M3 } from '../e4m3.ts';
import { packNibbles } from '../pack.ts';
import type { Blockwise4bit, QuantizedTensor } from '../quantized.ts';
import { readFp8 } from './fp8.ts';
import { packGroups, readGroupSize, unlessEight, wholeGroups } from './groups.ts';
import {
  nibbleOf,
  refuseSetting,
  requireBytes,
  requireFloats,
  requireWords,
  type SavedLayout,
  type SavedReader,
  type Storage,
} from './layout.ts';

type Json = Readonly<Record<string, unknown>>;

const TOOL = 'compressed-tensors';

/** How the weights of a checkpoint are stored. */
type Weights =
  | { kind: 'int4'; group_size: number; symmetric: boolean }
  | { kind: 'nvfp4' }
  | { kind: 'mxfp4' }
  | { kind: 'fp8'; scaling: 'row' | 'tensor' | '128x128' };

/**
 * The layout of compressed-tensors (llm-compressor) under its settings.
 * @throws unsupported-quantization for formats that are not opened, or activations that are quantized too.
 */
export function compressedTensorsLayout(config: Json): SavedLayout {
  const groups = groupsOf(config);
  const [first] = groups;
  const weightsAt = (reader: SavedReader, name: string): Weights =>
    groups.length === 1 ? first! : weightsBy(reader, name, groups);
  return {
    tool: TOOL,
    ...(groups.length > 1 && { mixes: true as const }),
    parts:
      /^(weight|weight_packed|weight_scale|weight_zero_point|weight_shape|weight_global_scale|weight_g_idx)$/,
    warnings: [],
    isQuantized: (reader, name) =>
      reader.dtypeOf(`${name}.weight_packed`) !== undefined ||
      reader.dtypeOf(`${name}.weight_scale`) !== undefined,
    storageOf: (reader, name) => Promise.resolve(storageOf(weightsAt(reader, name))),
    read: async (reader, name, shape) => readWeights(reader, name, shape, weightsAt(reader, name)),
  };
}

/** How the groups of a config's layers are stored. */
function groupsOf(config: Json): Weights[] {
  const { config_groups, kv_cache_scheme, sparsity_config, transform_config } = config;
  if (transform_config && Object.keys(transform_config).length > 0) {
    refuseSetting(TOOL, 'transform_config', transform_config, 'weights without transforms');
  }
  if (kv_cache_scheme)
    refuseSetting(TOOL, 'kv_cache_scheme', kv_cache_scheme, 'caches that are not quantized');
  const sparse = (sparsity_config as Json | null | undefined)?.format;
  if (sparse !== undefined && sparse !== 'dense') {
    refuseSetting(TOOL, 'sparsity_config.format', sparse, 'dense weights');
  }
  const groups = Object.values((config_groups ?? {}) as Record<string, Json>);
  if (groups.length === 0) refuseSetting(TOOL, 'config_groups', {}, 'groups of layers');
  return groups.map((group) => {
    if (group.input_activations || group.output_activations) {
      const key = group.input_activations ? 'input_activations' : 'output_activations';
      refuseSetting(TOOL, key, group[key], 'checkpoints of which only the weights are quantized');
    }
    return weightsOfGroup(group.weights as Json | undefined, group.format ?? config.format);
  });
}

/**
 * Which of several groups a layer is of, by its own tensors: what they hold says more than the pattern that found it.
 * @throws bad-quant-state where they are of none
 */
function weightsBy(reader: SavedReader, name: string, groups: readonly Weights[]): Weights {
  const has = (part: string) => reader.dtypeOf(`${name}.${part}`);
  const [rows = 0, across = 0] =
    reader.shapeOf(`${name}.weight_packed`) ?? reader.shapeOf(`${name}.weight`) ?? [];
  const scales = reader.shapeOf(`${name}.weight_scale`) ?? [];
  const fits = (weights: Weights): boolean => {
    switch (weights.kind) {
      case 'int4': {
        const columns = across * 8;
        const group = weights.group_size === -1 ? columns : weights.group_size;
        const symmetric = has('weight_zero_point') === undefined;
        return (
          has('weight_packed') === 'I32' && scales[1] === columns / group && symmetric === weights.symmetric
        );
      }
      case 'nvfp4':
        return has('weight_packed') === 'U8' && has('weight_global_scale') !== undefined;
      case 'mxfp4':
        return has('weight_packed') === 'U8' && has('weight_global_scale') === undefined;
      case 'fp8': {
        const one = scales.length < 2;
        const scaling = one ? 'tensor' : scales[0] === rows && scales[1] === 1 ? 'row' : '128x128';
        return has('weight') === 'F8_E4M3' && weights.scaling === scaling;
      }
    }
  };
  const found = groups.find(fits);
  if (found) return found;
  throw new LabError(
    'bad-quant-state',
    `${name} has tensors that fit no group of config.json's config_groups.`,
  );
}

function weightsOfGroup(weights: Json | undefined, format: unknown): Weights {
  const { num_bits, type = 'int', strategy, group_size, symmetric = true, actorder } = weights ?? {};
  if (actorder === 'group') refuseSetting(TOOL, 'actorder', actorder, 'columns in their order');
  if (format === 'nvfp4-pack-quantized') return { kind: 'nvfp4' };
  if (format === 'mxfp4-pack-quantized') return { kind: 'mxfp4' };
  if (format === 'pack-quantized' && num_bits === 4 && type === 'int') {
    const grouped = strategy === 'group' && typeof group_size === 'number';
    if (!grouped && strategy !== 'channel') refuseSetting(TOOL, 'strategy', strategy, 'group and channel');
    return {
      kind: 'int4',
      group_size: grouped ? readGroupSize(TOOL, group_size) : -1,
      symmetric: symmetric === true,
    };
  }
  if ((format === 'float-quantized' || format === 'naive-quantized') && num_bits === 8 && type === 'float') {
    const scaling = { channel: 'row', tensor: 'tensor', block: '128x128' }[String(strategy)];
    if (!scaling) refuseSetting(TOOL, 'strategy', strategy, 'channel, tensor and block');
    return { kind: 'fp8', scaling: scaling as 'row' | 'tensor' | '128x128' };
  }
  refuseSetting(
    TOOL,
    'format',
    `${String(format)} of ${String(num_bits)}-bit ${String(type)}`,
    'pack-quantized of 4-bit int, nvfp4- and mxfp4-pack-quantized, float-quantized of 8-bit float',
  );
}

function storageOf(weights: Weights): Storage {
  switch (weights.kind) {
    case 'int4':
      return { quant_type: 'pack_quantized', group_size: weights.group_size, symmetric: weights.symmetric };
    case 'nvfp4':
      return { quant_type: 'nvfp4' };
    case 'mxfp4':
      // Its scales are in the file, whatever rule they followed; compressed-tensors' own is "even".
      return { quant_type: 'mxfp4', scale_rule: 'even' };
    case 'fp8':
      return { quant_type: 'fp8', scaling: weights.scaling };
  }
}

function readWeights(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
  weights: Weights,
): Promise<QuantizedTensor> {
  switch (weights.kind) {
    case 'int4':
      return readInt4(reader, name, shape, weights);
    case 'nvfp4':
      return readNvfp4(reader, name, shape);
    case 'mxfp4':
      return readMxfp4(reader, name, shape);
    case 'fp8':
      return readFp8(reader, name, `${name}.weight_scale`, shape);
  }
}

async function readInt4(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
  { group_size, symmetric }: Weights & { kind: 'int4' },
): Promise<Blockwise4bit> {
  const [rows, columns] = shape;
  const group = wholeGroups(TOOL, name, shape, group_size);
  const groups = columns / group;
  const across = Math.ceil(columns / 8);
  const packed = await requireWords(reader, `${name}.weight_packed`, rows * across);
  const scales = await requireFloats(reader, `${name}.weight_scale`, rows * groups);
  const codes = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [n, k] = [Math.floor(i / columns), i % columns];
    return nibbleOf(packed[n * across + (k >> 3)]!, k & 7);
  });
  const zeros = new Float32Array(rows * groups).fill(8);
  if (!symmetric) {
    const words = await requireWords(reader, `${name}.weight_zero_point`, Math.ceil(rows / 8) * groups);
    zeros.forEach((_, i) => {
      const [n, g] = [Math.floor(i / groups), i % groups];
      zeros[i] = nibbleOf(words[(n >> 3) * groups + g]!, n & 7);
    });
  }
  return packGroups({
    quant_type: 'pack_quantized',
    shape,
    group_size: group,
    codes,
    scales,
    zeros: symmetric ? undefined : unlessEight(zeros),
    bits: { scale: reader.dtypeOf(`${name}.weight_scale`) === 'F32' ? 32 : 16, zero: 4 },
  });
}

/** E2M1 codes of which the file has the even column in the low nibble. */
async function readE2m1(
  reader: SavedReader,
  name: string,
  [rows, columns]: readonly [number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await requireBytes(reader, `${name}.weight_packed`, rows * Math.ceil(columns / 2));
  const across = Math.ceil(columns / 2);
  const codes = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [n, k] = [Math.floor(i / columns), i % columns];
    return (bytes[n * across + (k >> 1)]! >> (4 * (k & 1))) & 15;
  });
  return packNibbles(codes);
}

async function readNvfp4(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
): Promise<Blockwise4bit> {
  const [rows, columns] = shape;
  wholeGroups(TOOL, name, shape, 16);
  const places = await requireBytes(reader, `${name}.weight_scale`, (rows * columns) / 16);
  const [global] = await requireFloats(reader, `${name}.weight_global_scale`, 1);
  return {
    quant_type: 'nvfp4',
    shape,
    blocksize: 16,
    code: E2M1,
    packed: await readE2m1(reader, name, shape),
    // The tool divides by its global scale: the product with a reciprocal would be another float32.
    scales: {
      kind: 'absmax',
      absmax: Float32Array.from(places, (place) => E4M3[place]! / global!),
      bits: 8,
    },
  };
}

async function readMxfp4(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
): Promise<Blockwise4bit> {
  const [rows, columns] = shape;
  wholeGroups(TOOL, name, shape, 32);
  return {
    quant_type: 'mxfp4',
    shape,
    blocksize: 32,
    code: E2M1,
    packed: await readE2m1(reader, name, shape),
    scales: {
      kind: 'e8m0',
      exponents: await requireBytes(reader, `${name}.weight_scale`, (rows * columns) / 32),
    },
  };
}
