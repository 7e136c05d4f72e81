import loads from '../../../shaders/preludes/bytes_loads.wgsl?raw';
import of16 from '../../../shaders/preludes/loads_of_16.wgsl?raw';
import byteWords from '../../../shaders/preludes/bytes_words.wgsl?raw';
import step from '../../../shaders/preludes/step_of_4.wgsl?raw';
import weight from '../../../shaders/preludes/weight_bytes.wgsl?raw';
import { dequantizeBytes } from '../../quant/byte_codes.ts';
import { quantizeFp8 } from '../../quant/fp8.ts';
import { quantizeGguf } from '../../quant/gguf.ts';
import type { ByteCodes } from '../../quant/quantized.ts';
import { bytes, words } from '../../tensor/words.ts';
import { largestBinding, type Arena } from '../device/buffers.ts';
import { BLOCKS, blockParams } from '../kernels/blockwise.ts';
import { normals } from '../kernels/cases.ts';
import { inWords } from '../kernels/matmul.ts';
import { blockStep, inParts, rangesWithin, type Matrix } from './parts.ts';
import { inShiftedBlocks } from './shifted_blocks.ts';
import { defineStorage } from './storage.ts';
import type { Tables } from './tables.ts';

/** 8-bit codes, the scales of their blocks, and the 256 values that all parts share. */
export interface BytesPart {
  storage: 'bytes';
  blocksize: number;
  codes: GPUBuffer;
  code: GPUBuffer;
  scales: GPUBuffer;
}

/** 8-bit codes in blocks of consecutive weights. */
export const BYTE_CODES = defineStorage({
  matmul: {
    name: 'bytes',
    decoding: inWords(step + byteWords + weight, step + of16 + loads + weight),
    params: BLOCKS,
    bindings: { codes: 'read u32', code: 'read f32', scales: 'read f32' },
    decode: ({ rows, K }, { block_shift }, { codes, code, scales }) =>
      dequantizeBytes({
        quant_type: 'fp8',
        shape: [rows, K],
        blocksize: 2 ** block_shift,
        code,
        codes: bytes(codes).subarray(0, rows * K),
        scales: { kind: 'absmax', absmax: scales },
      }).data,
    // Places in `code` depend on the codes.
    touches: ({ K, block_shift }) => ({
      step: 4,
      prepare: () => [],
      row_at: () => [],
      step_of(n, k) {
        const at = Math.floor((n * K) / 4) + k;
        return [
          ['codes', at],
          ['scales', Math.floor((4 * at) / 2 ** block_shift)],
        ];
      },
      weight_of: (n, k) => [
        ['codes', Math.floor((n * K + k) / 4)],
        ['scales', Math.floor((n * K + k) / 2 ** block_shift)],
      ],
      instructions: 6,
      shared_reads: 0,
      loads: {
        size: K % 16 === 0 && block_shift >= 4 ? 16 : 0,
        array: 'codes',
        per: 4,
        prepare: (lane) => [0, 64, 128, 192].map((i) => ['code', lane + i]),
        load_of(n, k) {
          const at = (n * K) / 16 + k;
          return [
            ['codes', at],
            ['scales', Math.floor((16 * at) / 2 ** block_shift)],
          ];
        },
        instructions: 5.8,
        // Places anywhere in a table of 256: some of them in one bank.
        shared_reads: 3,
      },
    }),
    cases({ rows, K }, i) {
      const weights = { shape: [rows, K], data: normals(rows * K, i + 100) };
      const whole = K % 32 === 0 ? quantizeGguf(weights, 'Q8_0') : undefined;
      return [quantizeFp8(weights, 'row'), ...(whole && 'codes' in whole ? [whole] : [])].map((made) => {
        const quantized = inShiftedBlocks(made);
        return {
          name: `${made.quant_type} ${made.blocksize}`,
          params: blockParams(quantized.blocksize),
          arrays: {
            codes: words(quantized.codes),
            code: quantized.code,
            scales: quantized.scales.absmax,
          },
          overrides: {},
        };
      });
    },
  },
  others: [],
  bind: ({ blocksize, codes, code, scales }: BytesPart) => ({
    params: blockParams(blocksize),
    buffers: { codes, code, scales },
    overrides: {},
  }),
});

/** Brings 8-bit codes to the device; their scales are the ones they came with. */
export async function uploadBytes(
  arena: Arena,
  name: string,
  made: ByteCodes,
  tables: Tables,
): Promise<Matrix<BytesPart>> {
  const ready = inShiftedBlocks(made);
  const { shape, blocksize, codes, scales } = ready;
  const [rows, columns] = shape as [number, number];
  const code = await tables(ready.code, 'code');
  const ranges = rangesWithin(largestBinding(arena.gpu), rows, columns, blockStep(blocksize, columns));
  return inParts({ rows, columns }, ranges, async (range) => {
    const begin = range.first_row * columns;
    const end = begin + range.rows * columns;
    return {
      storage: 'bytes',
      blocksize,
      codes: await arena.upload(codes.slice(begin, end), name),
      code,
      scales: await arena.upload(
        scales.absmax.slice(begin / blocksize, Math.ceil(end / blocksize)),
        `${name} scales`,
      ),
    };
  });
}
