import { LabError } from '../../errors.ts';
import type { PlannedTensor } from '../../tensor/write_safetensors.ts';
import type { QuantConfig } from '../config.ts';
import { E4M3 } from '../e4m3.ts';
import { nibbleAt } from '../pack.ts';
import type { Blockwise4bit, ByteCodes, QuantizedTensor } from '../quantized.ts';
import { bytesOfWords, packWords } from './pack_words.ts';
import type { Writer } from './writer.ts';

type Shape = readonly [rows: number, columns: number];
type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor behind a layer's name. */
type Part = readonly [name: string, dtype: string, shape: readonly number[]];

/** One of compressed-tensors' formats: what config.json says of it, and a layer's tensors. */
interface Layout {
  format: string;
  weights: Record<string, unknown>;
  parts(shape: Shape): Part[];
  bytes(quantized: QuantizedTensor): Bytes[];
}

/** What every description of weights says; the tool asks for each of these. */
const WEIGHTS = { num_bits: 4, type: 'float', symmetric: true, dynamic: false, observer: 'minmax' };

/**
 * Writes layers as compressed-tensors 0.19 stores them (compressors/*), which transformers and vLLM open. Codes of GPTQ and
 * AWQ are integers in groups like any other, as long as columns stand in their order.
 */
export const compressedTensors: Writer = {
  tool: 'compressed-tensors',
  opener: 'transformers and vLLM with compressed-tensors',
  mixes: true,
  layer(config) {
    const layout = layoutOf(config);
    return (
      layout && {
        plan: (name, shape) =>
          layout.parts(shape).map(([part, dtype, size]): PlannedTensor => ({
            name: `${name}.${part}`,
            dtype,
            shape: size,
          })),
        bytes: (quantized) => layout.bytes(quantized),
      }
    );
  },
  settings({ groups, skipped }) {
    const layouts = groups.map(({ config }) => layoutOf(config)!);
    const formats = [...new Set(layouts.map(({ format }) => format))];
    const mixed = groups.length > 1;
    return {
      quant_method: 'compressed-tensors',
      format: formats.length === 1 ? formats[0] : 'mixed-precision',
      quantization_status: 'compressed',
      config_groups: Object.fromEntries(
        groups.map(({ modules }, i) => [
          `group_${i}`,
          {
            targets: mixed ? modules.map(target) : ['Linear'],
            weights: { ...WEIGHTS, ...layouts[i]!.weights },
            input_activations: null,
            output_activations: null,
            ...(mixed && { format: layouts[i]!.format }),
          },
        ]),
      ),
      // The head and what else is left.
      ignore: ['lm_head', ...skipped.map(target)],
      kv_cache_scheme: null,
    };
  },
};

/** A full path, or any module of a name. */
const target = (name: string): string => (name.includes('.') ? name : `re:.*\\.${name}$`);

function layoutOf(config: QuantConfig): Layout | undefined {
  switch (config.quant_type) {
    case 'int4_group':
      return int4(config);
    case 'gptq': {
      const { group_size, symmetric, desc_act, static_groups } = config;
      return desc_act && !static_groups ? undefined : int4({ group_size, symmetric });
    }
    case 'awq':
      return int4({ group_size: config.group_size, symmetric: false });
    case 'nvfp4':
      return nvfp4;
    case 'mxfp4':
      return mxfp4;
    case 'fp8':
      return fp8(config.scaling);
    default:
      return undefined;
  }
}

/** Words of eight columns, the lowest first; zero points in words of eight rows. Whole rows are groups of size -1. */
function int4({ group_size, symmetric }: { group_size: number; symmetric: boolean }): Layout {
  const groupsOf = (columns: number) => (group_size === -1 ? 1 : columns / group_size);
  const grouped = group_size === -1 ? { strategy: 'channel' } : { strategy: 'group', group_size };
  return {
    format: 'pack-quantized',
    weights: { type: 'int', ...grouped, symmetric },
    parts: ([rows, columns]) => [
      ['weight_packed', 'I32', [rows, Math.ceil(columns / 8)]],
      ['weight_scale', 'F32', [rows, groupsOf(columns)]],
      ...(symmetric ? [] : [['weight_zero_point', 'I32', [Math.ceil(rows / 8), groupsOf(columns)]] as const]),
      ['weight_shape', 'I64', [2]],
    ],
    bytes(quantized) {
      const { shape, packed, scales, shift, code } = blockwise(quantized);
      const [rows, columns] = shape as Shape;
      const across = Math.ceil(columns / 8);
      const groups = groupsOf(columns);
      const words = packWords(rows * across, (word, place) => {
        const column = (word % across) * 8 + place;
        return column < columns ? nibbleAt(packed, Math.floor(word / across) * columns + column) : 0;
      });
      // Codes are stored from 0 on, and zero points with them.
      const lowest = code[0]!;
      const zeros = packWords(Math.ceil(rows / 8) * groups, (word, place) => {
        const row = Math.floor(word / groups) * 8 + place;
        return row < rows ? (shift?.values[row * groups + (word % groups)] ?? 0) - lowest : 0;
      });
      return [
        bytesOfWords(words),
        bytesOf(absmaxOf(scales)),
        ...(symmetric ? [] : [bytesOfWords(zeros)]),
        bytesOf(BigInt64Array.of(BigInt(rows), BigInt(columns))),
      ];
    },
  };
}

const nvfp4: Layout = {
  format: 'nvfp4-pack-quantized',
  weights: { strategy: 'tensor_group', group_size: 16, scale_dtype: 'torch.float8_e4m3fn', zp_dtype: null },
  parts: ([rows, columns]) => [
    ['weight_packed', 'U8', [rows, columns / 2]],
    ['weight_scale', 'F8_E4M3', [rows, columns / 16]],
    ['weight_global_scale', 'F32', [1]],
  ],
  bytes(quantized) {
    const { packed, scales } = blockwise(quantized);
    if (scales.kind !== 'e4m3') throw new LabError('internal', 'NVFP4 has scales of another kind');
    // The tool divides by its global scale.
    return [swapped(packed), scales.codes, bytesOf(Float32Array.of(1 / scales.tensor_scale))];
  },
};

const mxfp4: Layout = {
  format: 'mxfp4-pack-quantized',
  weights: { strategy: 'group', group_size: 32, scale_dtype: 'torch.uint8', zp_dtype: null },
  parts: ([rows, columns]) => [
    ['weight_packed', 'U8', [rows, columns / 2]],
    ['weight_scale', 'U8', [rows, columns / 32]],
  ],
  bytes(quantized) {
    const { packed, scales } = blockwise(quantized);
    if (scales.kind !== 'e8m0') throw new LabError('internal', 'MXFP4 has scales of another kind');
    return [swapped(packed), scales.exponents];
  },
};

/** 8-bit floats under a scale a row, a tensor, or a square of 128. */
const fp8 = (scaling: 'row' | 'tensor' | '128x128'): Layout => ({
  format: 'float-quantized',
  weights: {
    num_bits: 8,
    ...(scaling === 'row' ? { strategy: 'channel' } : scaling === 'tensor' ? { strategy: 'tensor' } : {}),
    ...(scaling === '128x128' ? { strategy: 'block', block_structure: [128, 128] } : {}),
  },
  parts: ([rows, columns]) => [
    ['weight', 'F8_E4M3', [rows, columns]],
    ['weight_scale', 'F32', scaleShape(scaling, [rows, columns])],
  ],
  bytes(quantized) {
    const { shape, codes, scales, blocksize } = byteCodes(quantized);
    const [rows, columns] = shape as Shape;
    const [down = 1, across = 1] = scaleShape(scaling, [rows, columns]);
    const high = Math.ceil(rows / down);
    const wide = scaling === '128x128' ? 128 : columns;
    const blocks = Math.ceil(columns / blocksize);
    const each = Float32Array.from({ length: down * across }, (_, i) => {
      const row = Math.floor(i / across) * (scaling === '128x128' ? 128 : high);
      const column = (i % across) * wide;
      return scales.absmax[row * blocks + Math.floor(column / blocksize)]!;
    });
    return [codes, bytesOf(each)];
  },
});

function scaleShape(scaling: 'row' | 'tensor' | '128x128', [rows, columns]: Shape): readonly number[] {
  if (scaling === 'row') return [rows, 1];
  return scaling === 'tensor' ? [1] : [Math.ceil(rows / 128), Math.ceil(columns / 128)];
}

/** The even column in the low nibble, where it is the high one here. */
const swapped = (packed: Uint8Array): Bytes =>
  Uint8Array.from(packed, (byte) => ((byte << 4) | (byte >> 4)) & 255);

function blockwise(quantized: QuantizedTensor): Blockwise4bit {
  if ('packed' in quantized) return quantized;
  throw new LabError('internal', `${quantized.quant_type} has no nibbles`);
}

function byteCodes(quantized: QuantizedTensor): ByteCodes {
  if ('codes' in quantized && quantized.code === E4M3) return quantized;
  throw new LabError('internal', `${quantized.quant_type} has no bytes of E4M3`);
}

function absmaxOf(scales: Blockwise4bit['scales']): Float32Array<ArrayBuffer> {
  if (scales.kind === 'absmax') return scales.absmax;
  throw new LabError('internal', `scales are ${scales.kind}`);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Bytes =>
  new Uint8Array(buffer, byteOffset, byteLength);
