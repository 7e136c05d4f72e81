import type { Blockwise4bit, ByteCodes } from '../../quant/quantized.ts';
import type { Scales } from '../../quant/scales.ts';
import { elements } from '../../tensor/tensor.ts';
import { shiftedBlock } from '../kernels/blockwise.ts';

/**
 * The same weights in blocks whose lengths are powers of two, which shaders find by shifting. A block of another length,
 * as a whole row of 576, becomes nine of 64 with its scale each; others are returned as they are.
 */
export function inShiftedBlocks<Q extends Blockwise4bit | ByteCodes>(ready: Q): Q {
  const blocksize = shiftedBlock(ready.blocksize);
  const times = ready.blocksize / blocksize;
  if (times === 1) return ready;
  const blocks = Math.ceil(elements(ready.shape) / blocksize);
  const repeated = <A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(values: A): A => {
    const Values = values.constructor as new (length: number) => A;
    const more = new Values(blocks);
    for (let i = 0; i < blocks; i++) more[i] = values[Math.floor(i / times)]!;
    return more;
  };
  return {
    ...ready,
    blocksize,
    scales: scalesRepeated(ready.scales, repeated),
    ...('shift' in ready &&
      ready.shift && { shift: { ...ready.shift, values: repeated(ready.shift.values) } }),
  };
}

function scalesRepeated(
  scales: Scales,
  repeated: <A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(values: A) => A,
): Scales {
  switch (scales.kind) {
    case 'absmax':
      return { ...scales, absmax: repeated(scales.absmax) };
    case 'e8m0':
      return { ...scales, exponents: repeated(scales.exponents) };
    case 'e4m3':
      return { ...scales, codes: repeated(scales.codes) };
    case 'nested':
      throw new Error('Double quantization comes in blocks of a power of two.');
  }
}
