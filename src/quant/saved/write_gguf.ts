import { LabError } from '../../errors.ts';
import { encodeF16 } from '../../tensor/dtype.ts';
import { GGML_TYPES } from '../../tensor/ggml_types.ts';
import { own } from '../../tensor/own.ts';
import type { QuantConfig } from '../config.ts';
import { MADE_TYPES } from '../formats/gguf.ts';
import { layerConfigs } from '../layers.ts';
import { unpackNibbles } from '../pack.ts';
import type { QuantizedTensor } from '../quantized.ts';

/** What goes into a block: codes, and the scale and minimum of each run of weights, as they are read back. */
interface Parts {
  codes: Uint8Array;
  scales: Float32Array;
  minima: Float32Array;
  exponents: Uint8Array;
}

/** The layouts of gguf_blocks.ts the other way round (ggml-common.h): a block's parts into its bytes. */
type BlockWriter = (block: DataView<ArrayBuffer>, parts: Parts) => void;

/** Low nibbles are the first half of so many weights, high ones the second. */
function halves(block: DataView, from: number, codes: Uint8Array): void {
  const half = codes.length / 2;
  for (let i = 0; i < half; i++) block.setUint8(from + i, codes[i]! | (codes[half + i]! << 4));
}

const setF16 = (block: DataView, at: number, value: number): void =>
  block.setUint16(at, encodeF16(Float32Array.of(value))[0]!, true);

const scaledHalves: BlockWriter = (block, { codes, scales }) => {
  setF16(block, 0, scales[0]!);
  halves(block, 2, codes);
};

const WRITERS: Readonly<Record<string, BlockWriter>> = {
  Q4_0: scaledHalves,
  IQ4_NL: scaledHalves,
  Q4_1(block, { codes, scales, minima }) {
    setF16(block, 0, scales[0]!);
    setF16(block, 2, minima[0]!);
    halves(block, 4, codes);
  },
  Q8_0(block, { codes, scales }) {
    setF16(block, 0, scales[0]!);
    codes.forEach((code, i) => block.setUint8(2 + i, code));
  },
  MXFP4(block, { codes, exponents }) {
    block.setUint8(0, exponents[0]!);
    halves(block, 1, codes);
  },
  Q4_K(block, { codes, scales, minima }) {
    const [d, steps] = sixBits(scales);
    const [dmin, depths] = sixBits(minima.map((minimum) => -minimum));
    setF16(block, 0, d);
    setF16(block, 2, dmin);
    for (let j = 0; j < 4; j++) {
      block.setUint8(4 + j, steps[j]! | ((steps[j + 4]! >> 4) << 6));
      block.setUint8(8 + j, depths[j]! | ((depths[j + 4]! >> 4) << 6));
      block.setUint8(12 + j, (steps[j + 4]! & 15) | ((depths[j + 4]! & 15) << 4));
    }
    for (let at = 0; at < 256; at += 64) halves(block, 16 + at / 2, codes.subarray(at, at + 64));
  },
};

/** The float16 that a super-block's values are multiples of, and the multiples: the largest one is 63. */
function sixBits(values: Float32Array): [unit: number, multiples: number[]] {
  const unit = Math.max(...values) / 63;
  return [unit, Array.from(values, (value) => (unit === 0 ? 0 : Math.round(value / unit)))];
}

/** The type of ggml that a configuration's layers are written in; undefined where llama.cpp has none. */
export function ggmlTypeOf(config: QuantConfig): string | undefined {
  if (config.quant_type === 'mxfp4') return 'MXFP4';
  if (config.quant_type !== 'gguf') return undefined;
  return MADE_TYPES.find((type) => type === config.gguf_type);
}

/** True if all layers of a configuration are of types of ggml, or stay as they are, and some are quantized. */
export function fitsGguf(config: QuantConfig): boolean {
  const formats = layerConfigs(config).filter(({ quant_type }) => quant_type !== 'none');
  return formats.length > 0 && formats.every((format) => ggmlTypeOf(format) !== undefined);
}

/** The blocks of a quantized tensor whose rows are whole blocks of a type, as a GGUF file has them. */
export function ggmlBlocks(quantized: QuantizedTensor, name: string): Uint8Array<ArrayBuffer> {
  const type = [...GGML_TYPES.values()].find((each) => each.name === name);
  const write = own(WRITERS, name);
  if (!type || !write || 'CB' in quantized) throw new LabError('internal', `${name} is not written`);
  const { weights, bytes: size } = type;
  const { scales, blocksize } = quantized;
  const codes =
    'packed' in quantized ? unpackNibbles(quantized.packed, 2 * quantized.packed.length) : quantized.codes;
  const shifts = 'shift' in quantized ? quantized.shift?.values : undefined;
  const absmax = scales.kind === 'absmax' ? scales.absmax : new Float32Array();
  const exponents = scales.kind === 'e8m0' ? scales.exponents : new Uint8Array();
  const blocks = codes.length / weights;
  const runs = weights / blocksize;
  const bytes = new Uint8Array(blocks * size);
  for (let b = 0; b < blocks; b++) {
    const run = [b * runs, (b + 1) * runs] as const;
    write(new DataView(bytes.buffer, b * size, size), {
      codes: codes.subarray(b * weights, (b + 1) * weights),
      scales: absmax.subarray(...run),
      minima: shifts?.subarray(...run) ?? new Float32Array(),
      exponents: exponents.subarray(...run),
    });
  }
  return bytes;
}
