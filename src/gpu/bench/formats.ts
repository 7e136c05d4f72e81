import { customCodebook, type Codebook } from '../../quant/codebook.ts';
import { quantizeAbsmax } from '../../quant/double_quant.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import { dequantizeInt8 } from '../../quant/int8.ts';
import { nibbleAt } from '../../quant/pack.ts';
import type { Blockwise4bit, Int8Tensor } from '../../quant/quantized.ts';
import { decodeScales, scaleBytes, type Scales } from '../../quant/scales.ts';
import { decode, encodeBF16 } from '../../tensor/dtype.ts';
import { seededRandom } from '../../tensor/random.ts';
import { words } from '../../tensor/words.ts';
import type { Arena } from '../device/buffers.ts';
import { uploadBlockwise } from '../matrix/blockwise.ts';
import { uploadLlmInt8 } from '../matrix/llm_int8.ts';
import type { DeviceMatrix } from '../matrix/matrix.ts';

/** Made-up weights [N, K] of a format: what is multiplied here, and what another engine is given. */
export interface BenchWeights {
  /** Bytes of codes and scales. */
  bytes: number;
  upload(arena: Arena): Promise<DeviceMatrix>;
  /** The float32 weights of a row, as they are multiplied. */
  row(n: number): Float32Array;
  /** The same weights for another engine. */
  peer: PeerWeights;
}

/** Weights as engines take them. */
export type PeerWeights =
  | { kind: 'codes'; codes: Blockwise4bit; absmax: Float32Array<ArrayBuffer> }
  | { kind: 'int8'; codes: Int8Tensor; int8_activations: boolean }
  | { kind: 'float32'; data: Float32Array<ArrayBuffer> }
  | { kind: 'none' };

/** A format whose kernels are timed. */
export interface BenchFormat {
  quant_type: string;
  variant: string;
  /** Bytes of a weight, nearly. */
  bytes_of_weight: number;
  make(N: number, K: number): BenchWeights;
}

/** bitsandbytes' usual block, and that of other engines' int4, some of which fall off a cliff at 64. */
const [BLOCK, SMALL_BLOCK] = [64, 32];

/** Of the sixteen values −8 to 7 over 8: what other engines call int4. */
const RULER = customCodebook(Array.from({ length: 16 }, (_, i) => (i - 8) / 8));

/** The formats in the order of the report. */
export const BENCH_FORMATS: readonly BenchFormat[] = [
  blockwise('nf4', NF4, BLOCK, 'absmax'),
  blockwise('nf4', NF4, BLOCK, 'nested'),
  blockwise('int4', RULER, SMALL_BLOCK, 'absmax'),
  int8('int8'),
  int8('llm_int8'),
  {
    quant_type: 'none',
    variant: 'float32',
    bytes_of_weight: 4,
    make(N, K) {
      const data = new Float32Array(repeated(normalBytes(), 4 * N * K).buffer);
      return {
        bytes: data.byteLength,
        upload: (arena) => floatMatrix(arena, N, K, 'F32', data),
        row: (n) => data.subarray(n * K, (n + 1) * K),
        peer: { kind: 'float32', data },
      };
    },
  },
  {
    quant_type: 'none',
    variant: 'bfloat16',
    bytes_of_weight: 2,
    make(N, K) {
      const data = repeated(halfBytes(), 2 * N * K);
      return {
        bytes: data.byteLength,
        upload: (arena) => floatMatrix(arena, N, K, 'BF16', data),
        row: (n) => decode('BF16', data.subarray(2 * n * K, 2 * (n + 1) * K)),
        peer: { kind: 'none' },
      };
    },
  },
];

/** The first of a type. */
export const benchFormat = (quant_type: string): BenchFormat =>
  BENCH_FORMATS.find((format) => format.quant_type === quant_type)!;

function blockwise(
  quant_type: string,
  book: Codebook,
  block: number,
  kind: 'absmax' | 'nested',
): BenchFormat {
  return {
    quant_type,
    variant: kind === 'nested' ? `blocks of ${block}, double quantization` : `blocks of ${block}`,
    bytes_of_weight: 0.5 + (kind === 'nested' ? 1 : 4) / block,
    make(N, K) {
      const blocks = (N * K) / block;
      const seeded = seededRandom(4);
      const measured = Float32Array.from({ length: blocks }, () => 0.02 + 0.04 * seeded.uniform());
      const scales: Scales =
        kind === 'nested' ? { kind, ...quantizeAbsmax(measured) } : { kind, absmax: measured };
      const absmax = decodeScales(scales);
      const packed = repeated(randomBytes(), (N * K) / 2);
      const codes: Blockwise4bit = {
        quant_type: book.quant_type,
        shape: [N, K],
        blocksize: block,
        code: book.code,
        packed,
        scales,
      };
      return {
        bytes: packed.byteLength + scaleBytes(scales, blocks),
        upload: (arena) => uploadBlockwise(arena, quant_type, codes),
        row: (n) =>
          Float32Array.from({ length: K }, (_, k) => {
            const i = n * K + k;
            return book.code[nibbleAt(packed, i)]! * absmax[Math.floor(i / block)]!;
          }),
        peer: { kind: 'codes', codes, absmax },
      };
    },
  };
}

function int8(quant_type: 'int8' | 'llm_int8'): BenchFormat {
  return {
    quant_type,
    variant: quant_type === 'int8' ? 'a scale a row' : 'int8 activations, threshold 6',
    bytes_of_weight: 1,
    make(N, K) {
      const CB = new Int8Array(repeated(randomBytes(), N * K).buffer).map((code) => Math.max(code, -127));
      const seeded = seededRandom(5);
      const SCB = Float32Array.from({ length: N }, () => 0.04 + 0.04 * seeded.uniform());
      const codes: Int8Tensor = { quant_type: 'int8', shape: [N, K], CB, SCB };
      const rowOf = (n: number) =>
        dequantizeInt8({
          quant_type: 'int8',
          shape: [1, K],
          CB: CB.slice(n * K, (n + 1) * K),
          SCB: SCB.slice(n, n + 1),
        }).data;
      return {
        bytes: CB.byteLength + SCB.byteLength,
        upload: async (arena) =>
          quant_type === 'llm_int8'
            ? uploadLlmInt8(arena, quant_type, codes)
            : {
                rows: N,
                columns: K,
                parts: [
                  {
                    ...{ storage: 'int8', first_row: 0, rows: N, scale_stride: 1 },
                    CB: await arena.upload(words(CB), quant_type),
                    SCB: await arena.upload(SCB, 'SCB'),
                  },
                ],
              },
        row: rowOf,
        peer: { kind: 'int8', codes, int8_activations: quant_type === 'llm_int8' },
      };
    },
  };
}

async function floatMatrix(
  arena: Arena,
  rows: number,
  columns: number,
  dtype: 'F32' | 'BF16',
  data: ArrayBufferView<ArrayBuffer>,
): Promise<DeviceMatrix> {
  const weight = await arena.upload(data, dtype);
  return { rows, columns, parts: [{ storage: 'float', first_row: 0, rows, dtype, weight }] };
}

/** Bytes of a pattern, over and over: a large weight costs no more to make than to copy. */
function repeated(pattern: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += pattern.length) {
    bytes.set(pattern.subarray(0, Math.min(pattern.length, length - at)), at);
  }
  return bytes;
}

/** Values of a pattern: no divisor of a row's length, so that rows differ. */
const PATTERN = 65_521;

const normals = (): Float32Array<ArrayBuffer> => {
  const seeded = seededRandom(6);
  return Float32Array.from({ length: PATTERN }, () => 0.03 * seeded.normal());
};
const normalBytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(normals().buffer);
const halfBytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(encodeBF16(normals()).buffer);
const randomBytes = (): Uint8Array<ArrayBuffer> => {
  const seeded = seededRandom(7);
  return Uint8Array.from({ length: PATTERN }, () => seeded.integer(256));
};
