import { ruler } from '../codebook.ts';
import { E2M1 } from '../e2m1.ts';
import { INT8_CODE } from '../gguf.ts';
import { IQ4_NL } from '../iq4_nl.ts';
import { packNibbles } from '../pack.ts';
import { LabError } from '../../errors.ts';
import type { GgmlType } from '../../tensor/ggml_types.ts';
import { own } from '../../tensor/own.ts';
import { decode, isQuantizable, valueOfF16 } from '../../tensor/dtype.ts';
import { dequantizeBlockwise } from '../blockwise.ts';
import { dequantizeBytes } from '../byte_codes.ts';
import type { Blockwise4bit, ByteCodes, Shift } from '../quantized.ts';
import type { Scales } from '../scales.ts';

const { fround } = Math;

/** A block as it lies in a file. */
type Block = DataView<ArrayBuffer>;

/** Where the parts of a block go: codes a weight; scales, and minima where there are any, a run of `run` weights. */
interface Parts {
  codes: Uint8Array;
  scales: Float32Array;
  minima: Float32Array;
  /** Where a scale is a power of two, its exponent. */
  exponents: Uint8Array;
}

/** How a type is read: codes and what scales them, never a weight (ggml-quants.c, dequantize_row_*). */
interface BlockReader {
  /** The value of each code: sixteen of nibbles, 256 of bytes. */
  code: Float32Array<ArrayBuffer>;
  /** Weights that share a scale. */
  run: number;
  /** Bits that a scale takes in the file, with its share of what scales them all; a minimum as many. */
  bits: number;
  minimum?: true;
  scales?: 'e8m0';
  read(block: Block, parts: Parts): void;
}

/** Low nibbles are the first half of so many weights, high ones the second. */
function halves(block: Block, from: number, count: number, codes: Uint8Array, at = 0): void {
  const half = count / 2;
  for (let i = 0; i < half; i++) {
    const byte = block.getUint8(from + i);
    codes[at + i] = byte & 15;
    codes[at + half + i] = byte >> 4;
  }
}

/** The 6-bit scales and minima of eight runs, in twelve bytes (get_scale_min_k4). */
function sixBits(block: Block, from: number, j: number): [scale: number, depth: number] {
  const byte = (i: number): number => block.getUint8(from + i);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4), (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)];
}

/** Scale and minimum of a super-block's eight runs, each a float16 times six bits. */
function superScales(block: Block, { scales, minima }: Parts): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let j = 0; j < 8; j++) {
    const [scale, depth] = sixBits(block, 4, j);
    scales[j] = fround(d * scale);
    minima[j] = -fround(dmin * depth);
  }
}

/** The fifth bit of 32 codes of five, in four bytes. */
function fifthBits(block: Block, from: number, codes: Uint8Array): void {
  const bits = block.getUint32(from, true);
  for (let i = 0; i < 32; i++) codes[i] = codes[i]! | (((bits >>> i) & 1) << 4);
}

/** The float16 at an address. */
const half = (block: Block, at: number): number => valueOfF16(block.getUint16(at, true));

/** Values of byte codes, from `first` on. */
const bytesFrom = (first: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: 256 }, (_, i) => first + i);

/** A scale, then the codes of 32 weights. */
const SCALED_HALVES: Omit<BlockReader, 'code'> = {
  run: 32,
  bits: 16,
  read(block, { codes, scales }) {
    scales[0] = half(block, 0);
    halves(block, 2, 32, codes);
  },
};

/** Every type that is read. */
const READERS: Readonly<Record<string, BlockReader>> = {
  Q4_0: { code: ruler(-8), ...SCALED_HALVES },
  Q4_1: {
    code: ruler(0),
    run: 32,
    bits: 16,
    minimum: true,
    read(block, { codes, scales, minima }) {
      scales[0] = half(block, 0);
      minima[0] = half(block, 2);
      halves(block, 4, 32, codes);
    },
  },
  Q5_0: {
    code: bytesFrom(-16),
    run: 32,
    bits: 16,
    read(block, { codes, scales }) {
      scales[0] = half(block, 0);
      halves(block, 6, 32, codes);
      fifthBits(block, 2, codes);
    },
  },
  Q8_0: {
    code: INT8_CODE,
    run: 32,
    bits: 16,
    read(block, { codes, scales }) {
      scales[0] = half(block, 0);
      for (let i = 0; i < 32; i++) codes[i] = block.getUint8(2 + i);
    },
  },
  IQ4_NL: { code: IQ4_NL, ...SCALED_HALVES },
  IQ4_XS: {
    code: IQ4_NL,
    run: 32,
    bits: 8,
    read(block, { codes, scales }) {
      const d = half(block, 0);
      const high = block.getUint16(2, true);
      for (let j = 0; j < 8; j++) {
        const low = (block.getUint8(4 + (j >> 1)) >> (4 * (j % 2))) & 15;
        scales[j] = fround(d * ((low | (((high >> (2 * j)) & 3) << 4)) - 32));
        halves(block, 8 + 16 * j, 32, codes, 32 * j);
      }
    },
  },
  MXFP4: {
    code: E2M1,
    run: 32,
    bits: 8,
    scales: 'e8m0',
    read(block, { codes, exponents }) {
      exponents[0] = block.getUint8(0);
      halves(block, 1, 32, codes);
    },
  },
  Q4_K: {
    code: ruler(0),
    run: 32,
    bits: 8,
    minimum: true,
    read(block, parts) {
      superScales(block, parts);
      for (let at = 0; at < 256; at += 64) halves(block, 16 + at / 2, 64, parts.codes, at);
    },
  },
  Q6_K: {
    code: bytesFrom(-32),
    run: 16,
    bits: 9,
    read(block, { codes, scales }) {
      const d = half(block, 208);
      for (let j = 0; j < 16; j++) scales[j] = fround(d * block.getInt8(192 + j));
      for (let i = 0; i < 256; i++) {
        const [part, quarter, l] = [i >> 7, (i >> 5) & 3, i & 31];
        const low = (block.getUint8(64 * part + 32 * (quarter % 2) + l) >> (4 * (quarter >> 1))) & 15;
        const high = (block.getUint8(128 + 32 * part + l) >> (2 * quarter)) & 3;
        codes[i] = low | (high << 4);
      }
    },
  },
  Q5_1: {
    code: bytesFrom(0),
    run: 32,
    bits: 16,
    minimum: true,
    read(block, { codes, scales, minima }) {
      scales[0] = half(block, 0);
      minima[0] = half(block, 2);
      halves(block, 8, 32, codes);
      fifthBits(block, 4, codes);
    },
  },
  Q5_K: {
    code: bytesFrom(0),
    run: 32,
    bits: 8,
    minimum: true,
    read(block, parts) {
      superScales(block, parts);
      const { codes } = parts;
      for (let at = 0; at < 256; at += 64) halves(block, 48 + at / 2, 64, codes, at);
      for (let i = 0; i < 256; i++) {
        codes[i] = codes[i]! | (((block.getUint8(16 + (i & 31)) >> (i >> 5)) & 1) << 4);
      }
    },
  },
};

/** Whether weights of a type run as they are stored: as codes and scales. Others are read as floats. */
export function runsAsStored(type: string): boolean {
  const reader = own(READERS, type);
  return reader !== undefined && (reader.code.length === 16 || !reader.minimum);
}

/** Names of the types that are read. */
export const READ_TYPES: readonly string[] = ['F32', 'F16', 'BF16', ...Object.keys(READERS)];

/** Codes, scales and minima of a tensor's blocks. */
interface Blocks {
  reader: BlockReader;
  codes: Uint8Array<ArrayBuffer>;
  scales: Scales;
  shift: Shift | undefined;
}

/** @throws non-finite-weights naming the tensor */
function readBlocks(
  name: string,
  { name: type, weights, bytes: size }: GgmlType,
  bytes: Uint8Array<ArrayBuffer>,
): Blocks {
  const reader = READERS[type]!;
  const blocks = bytes.length / size;
  const runs = weights / reader.run;
  const codes = new Uint8Array(blocks * weights);
  const scales = new Float32Array(blocks * runs);
  const minima = new Float32Array(reader.minimum ? blocks * runs : 0);
  const exponents = new Uint8Array(reader.scales ? blocks * runs : 0);
  for (let b = 0; b < blocks; b++) {
    const run = b * runs;
    reader.read(new DataView(bytes.buffer, bytes.byteOffset + b * size, size), {
      codes: codes.subarray(b * weights, (b + 1) * weights),
      scales: scales.subarray(run, run + runs),
      minima: minima.subarray(run, run + runs),
      exponents: exponents.subarray(run, run + runs),
    });
  }
  const isFinite =
    [scales, minima].every((values) => values.every(Number.isFinite)) && !exponents.includes(255);
  if (!isFinite) {
    throw new LabError(
      'non-finite-weights',
      `${name} has a scale that is not finite; weights must be finite numbers.`,
    );
  }
  const { bits } = reader;
  return {
    reader,
    codes,
    scales: reader.scales ? { kind: reader.scales, exponents } : { kind: 'absmax', absmax: scales, bits },
    shift: reader.minimum ? { kind: 'minimum', values: minima, bits } : undefined,
  };
}

/** A tensor's codes as they are stored, of a type that runs so. */
export function quantizedOf(
  name: string,
  type: GgmlType,
  bytes: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
): Blockwise4bit | ByteCodes {
  const { reader, codes, scales, shift } = readBlocks(name, type, bytes);
  const { code, run: blocksize } = reader;
  const common = { quant_type: 'gguf', shape, blocksize, code } as const;
  if (code.length === 16) return { ...common, packed: packNibbles(codes), scales, ...(shift && { shift }) };
  if (scales.kind === 'absmax' && !shift) return { ...common, codes, scales };
  throw new LabError('internal', `${type.name} of ${name} does not run as it is stored`);
}

/** A tensor's weights as float32, of any type that is read; the bytes are whole blocks. */
export function floatsOf(
  name: string,
  type: GgmlType,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  if (isQuantizable(type.name)) return decode(type.name, bytes);
  const shape = [(bytes.length / type.bytes) * type.weights];
  if (runsAsStored(type.name)) {
    const quantized = quantizedOf(name, type, bytes, shape);
    return ('packed' in quantized ? dequantizeBlockwise(quantized) : dequantizeBytes(quantized)).data;
  }
  const { reader, codes, scales, shift } = readBlocks(name, type, bytes);
  const of = (values: Scales | Shift, i: number) =>
    ('absmax' in values ? values.absmax : (values as Shift).values)[Math.floor(i / reader.run)]!;
  return Float32Array.from(codes, (code, i) => fround(reader.code[code]! * of(scales, i)) + of(shift!, i));
}
