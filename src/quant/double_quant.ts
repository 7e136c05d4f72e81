import { absmaxOf, SMALLEST_ABSMAX } from './absmax.ts';
import { DYNAMIC_MAP } from './dynamic_map.ts';
import { torchMean } from './torch_mean.ts';

/** absmax quantized in its turn: absmax[b] = code[codes[b]] · nested_absmax[b / 256] + offset. */
export interface NestedAbsmax {
  /** [blocks], places in `code`. */
  codes: Uint8Array<ArrayBuffer>;
  /** [ceil(blocks / 256)] */
  nested_absmax: Float32Array<ArrayBuffer>;
  /** [256] */
  code: Float32Array<ArrayBuffer>;
  /** The mean of absmax, taken off before quantizing: absmax is positive, the code is signed. */
  offset: number;
}

/** Blocks of absmax values that share a scale; bitsandbytes' kernels know no other size. */
export const NESTED_BLOCKSIZE = 256;

/** Nested blocks of so many blocks. */
export const nestedBlocks = (blocks: number): number => Math.ceil(blocks / NESTED_BLOCKSIZE);

/**
 * Double quantization (Dettmers et al. 2023, QLoRA, section 3): the scales of the blocks, 32 bits each, become 8-bit
 * codes with a scale of their own per 256. At block size 64 a weight then costs 4.127 bits instead of 4.5.
 * bitsandbytes functional.py, quantize_4bit with compress_statistics, by its torch backend, mean included.
 */
export function quantizeAbsmax(absmax: Float32Array, offset = torchMean(absmax)): NestedAbsmax {
  const centred = absmax.map((a) => a - offset);
  const blocks = nestedBlocks(centred.length);
  const codes = new Uint8Array(centred.length);
  const nested_absmax = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const begin = block * NESTED_BLOCKSIZE;
    const end = Math.min(begin + NESTED_BLOCKSIZE, centred.length);
    const largest = absmaxOf(centred, begin, end);
    const divisor = Math.max(largest, SMALLEST_ABSMAX);
    const full = end - begin === NESTED_BLOCKSIZE;
    const reciprocal = Math.fround(1 / divisor);
    for (let i = begin; i < end; i++) {
      codes[i] = nearestDynamic(Math.fround(full ? centred[i]! * reciprocal : centred[i]! / divisor));
    }
    nested_absmax[block] = full ? largest : divisor;
  }
  return { codes, nested_absmax, code: DYNAMIC_MAP, offset };
}

/** The absmax values back, each a float32 product and a float32 sum. */
export function dequantizeAbsmax({
  codes,
  nested_absmax,
  code,
  offset,
}: NestedAbsmax): Float32Array<ArrayBuffer> {
  return Float32Array.from(codes, (c, i) => {
    const scaled = Math.fround(code[c]! * nested_absmax[Math.floor(i / NESTED_BLOCKSIZE)]!);
    return scaled + offset;
  });
}

/** [255] float32 midpoints of the map, ascending. */
export const MIDPOINTS: Float32Array<ArrayBuffer> = DYNAMIC_MAP.slice(1).map(
  (value, i) => Math.fround(DYNAMIC_MAP[i]! + value) / 2,
);

/** The place of the nearest value; half way between two, the lower. */
function nearestDynamic(x: number): number {
  let [low, high] = [0, MIDPOINTS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x > MIDPOINTS[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}
