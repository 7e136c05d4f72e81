import { dequantizeBlockwise, quantizeBlockwise } from '../../quant/blockwise.ts';
import type { Codebook } from '../../quant/codebook.ts';
import { NESTED_BLOCKSIZE, dequantizeAbsmax, quantizeAbsmax } from '../../quant/double_quant.ts';
import { bytes, words } from '../../tensor/words.ts';
import type { Overrides } from '../device/kernel.ts';

/** The uniform fields of every shader that reads 4-bit weights. */
export const BLOCKWISE = { blocksize: 'u32', first_block: 'u32', absmax_offset: 'f32' } as const;

/** The buffers of every shader that reads 4-bit weights, in their order. */
export const BLOCKWISE_BINDINGS = {
  packed: 'read u32',
  absmax: 'read u32',
  nested_absmax: 'read f32',
  nested_code: 'read f32',
  code: 'read f32',
} as const;

interface BlockwiseArrays {
  readonly packed: Uint32Array<ArrayBuffer>;
  readonly absmax: Uint32Array<ArrayBuffer>;
  readonly nested_absmax: Float32Array<ArrayBuffer>;
  readonly nested_code: Float32Array<ArrayBuffer>;
  readonly code: Float32Array<ArrayBuffer>;
}

interface BlockwiseParams {
  readonly blocksize: number;
  readonly first_block: number;
  readonly absmax_offset: number;
}

/** The float32 weights a shader sees in its buffers. */
export function blockwiseWeights(
  n: number,
  { blocksize, first_block, absmax_offset }: BlockwiseParams,
  { packed, absmax, nested_absmax, nested_code, code }: BlockwiseArrays,
  { NESTED }: Overrides,
): Float32Array<ArrayBuffer> {
  const blocks = Math.ceil(n / blocksize);
  // Codes of earlier parts of the tensor, which this part does not hold, only shift which scale is whose.
  const codes = new Uint8Array(first_block + blocks);
  if (NESTED) codes.set(bytes(absmax).subarray(0, blocks), first_block);
  const scales = NESTED
    ? dequantizeAbsmax({ codes, nested_absmax, code: nested_code, offset: absmax_offset }).slice(first_block)
    : new Float32Array(absmax.buffer, absmax.byteOffset, blocks);
  const plain = {
    quant_type: 'custom',
    shape: [n],
    blocksize,
    code,
    packed: bytes(packed),
    scales: { kind: 'absmax', absmax: scales },
  } as const;
  return dequantizeBlockwise(plain).data;
}

/** The uniform fields and buffers of weights quantized for a check; a nested part begins at block `first_block`. */
export function blockwiseCase(
  data: Float32Array<ArrayBuffer>,
  book: Codebook,
  blocksize: number,
  nested: boolean,
  first_block = 0,
): { params: BlockwiseParams; arrays: BlockwiseArrays; overrides: Overrides; name: string } {
  const { packed, scales, code } = quantizeBlockwise({ shape: [data.length], data }, book, blocksize);
  const { absmax } = scales;
  const name = `${book.quant_type} ${blocksize}${nested ? ' · double quant' : ''}`;
  const plain = { packed: words(packed), code };
  if (!nested) {
    const unused = new Float32Array(1);
    return {
      name,
      params: { blocksize, first_block: 0, absmax_offset: 0 },
      arrays: { ...plain, absmax: words(absmax), nested_absmax: unused, nested_code: unused },
      overrides: { NESTED: 0 },
    };
  }
  const before = new Float32Array(first_block).fill(0.5);
  const whole = quantizeAbsmax(Float32Array.of(...before, ...absmax));
  return {
    name,
    params: { blocksize, first_block, absmax_offset: whole.offset },
    arrays: {
      ...plain,
      absmax: words(whole.codes.slice(first_block)),
      nested_absmax: whole.nested_absmax,
      nested_code: whole.code,
    },
    overrides: { NESTED: 1 },
  };
}

/** Blocks before a part that begins in the middle of a nested block. */
export const ODD_FIRST_BLOCK = NESTED_BLOCKSIZE - 3;
