import { roundToBF16, roundToF16 } from '../../tensor/dtype.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dequantizeBlockwise, quantizeBlockwise } from '../blockwise.ts';
import { dequantizeBytes } from '../byte_codes.ts';
import { CODEBOOKS } from '../config.ts';
import { quantizeGguf, type GgufType } from '../gguf.ts';
import { quantizeInt4Group } from '../int4_group.ts';
import { dequantizeInt8, quantizeInt8 } from '../int8.ts';
import { quantizeMxfp4 } from '../mxfp4.ts';

/** A weight matrix in another engine's file. */
export interface FileLayer {
  /** Its path with dots: "model.layers.0.mlp.up_proj". */
  path: string;
  /** The operator that multiplies by it, or its type where the file says no more. */
  op_type: string;
  /** [outputs, inputs] */
  shape: readonly [number, number];
  grid: Grid;
  /** Bytes of weight and scales in the file. */
  bytes: number;
  /** The weight in float32, [outputs, inputs]. */
  dequantize: () => Tensor | Promise<Tensor>;
  /** The names of the values it reads and writes, where the engine can be asked for them. */
  input?: string;
  output?: string;
}

/** A float tensor in another engine's file, such as the weight of a norm. */
export interface FloatConstant {
  name: string;
  shape: readonly number[];
  dtype: FloatName;
  decode: () => Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>>;
}

export type FloatName = 'float32' | 'float16' | 'bfloat16';

/** What the values of a weight lie on in a file. */
export type Grid =
  | { kind: 'float'; dtype: FloatName }
  /** NF4 or FP4 by the largest magnitude of a block: bitsandbytes' own bytes. */
  | { kind: 'codebook'; codebook: 'nf4' | 'fp4'; blocksize: number }
  /** Whole numbers in groups of a row. */
  | { kind: 'integers'; bits: number; blocksize: number; symmetric: boolean }
  /** 8-bit whole numbers with a scale a tensor or a row; inputs are rounded to 8 bits, too. */
  | { kind: 'int8'; granularity: 'row' | 'tensor' }
  /** A block type of ggml, whose kernels round inputs to 8 bits on a CPU. */
  | { kind: 'ggml'; type: string };

/** A weight rounded here to the same grid: what the format costs, made by another hand. */
export function ontoGrid(weight: Tensor, grid: Grid): Tensor {
  switch (grid.kind) {
    case 'float':
      return { ...weight, data: weight.data.map(TO_FLOAT[grid.dtype]) };
    case 'codebook':
      return dequantizeBlockwise(quantizeBlockwise(weight, CODEBOOKS[grid.codebook], grid.blocksize));
    case 'integers':
      return grid.bits === 4
        ? dequantizeBlockwise(
            quantizeInt4Group(weight, { group_size: grid.blocksize, symmetric: grid.symmetric }),
          )
        : ontoIntegers(weight, grid);
    case 'int8':
      return dequantizeInt8(quantizeInt8(weight, grid.granularity));
    case 'ggml':
      return ontoGgml(weight, grid.type);
  }
}

const TO_FLOAT: Readonly<Record<FloatName, (value: number) => number>> = {
  ...{ float32: (value) => value, float16: roundToF16, bfloat16: roundToBF16 },
};

/** The types of ggml that are not made here byte by byte: bits and weights of a run, as whole numbers of which they are. */
const RUNS: Readonly<Record<string, { bits: number; blocksize: number }>> = {
  Q5_0: { bits: 5, blocksize: 32 },
  Q5_1: { bits: 5, blocksize: 32 },
  Q5_K: { bits: 5, blocksize: 32 },
  Q6_K: { bits: 6, blocksize: 16 },
};

function ontoGgml(weight: Tensor, type: string): Tensor {
  const run = RUNS[type];
  if (run) return ontoIntegers(weight, run);
  if (type === 'MXFP4') return dequantizeBlockwise(quantizeMxfp4(weight, 'even'));
  const made = quantizeGguf(weight, type === 'IQ4_XS' ? 'IQ4_NL' : (type as GgufType));
  return 'packed' in made ? dequantizeBlockwise(made) : dequantizeBytes(made);
}
/** Rows rounded to whole numbers of so many bits by each group's largest magnitude. */
function ontoIntegers(
  { shape, data }: Tensor,
  { bits, blocksize }: { bits: number; blocksize: number },
): Tensor {
  const columns = shape.at(-1)!;
  const rounded = new Float32Array(data.length);
  const most = 2 ** (bits - 1);
  for (let begin = 0; begin < data.length;) {
    const end = Math.min(begin + blocksize, (Math.floor(begin / columns) + 1) * columns);
    const largest = data.subarray(begin, end).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const scale = largest / (most - 0.5) || 1;
    for (let i = begin; i < end; i++) {
      rounded[i] = scale * Math.max(-most, Math.min(most - 1, Math.round(data[i]! / scale)));
    }
    begin = end;
  }
  return { shape, data: rounded };
}
