import { type Arena } from '../device/buffers.ts';
import type { Commands } from '../device/commands.ts';
import { maskWords } from '../device/limits.ts';
import { dispatchForm } from '../forms.ts';
import { int8_vectorwise_quant } from '../kernels/int8_vectorwise_quant.ts';
import { list_outliers } from '../kernels/list_outliers.ts';
import { outlier_columns } from '../kernels/outlier_columns.ts';

/** A layer's input as LLM.int8() multiplies it, in buffers that serve one layer after the other. */
export interface Int8Input {
  threshold: number;
  mask: GPUBuffer;
  /** The outlier columns of the mask, behind their number. */
  columns: GPUBuffer;
  CA: GPUBuffer;
  SCA: GPUBuffer;
}

/** Buffers for inputs of up to `tokens` × `columns`. */
export async function reserveInt8Input(
  arena: Arena,
  threshold: number,
  tokens: number,
  columns: number,
): Promise<Int8Input> {
  return {
    threshold,
    mask: await arena.allocate(4 * maskWords(columns), 'outlier columns'),
    columns: await arena.allocate(4 * (1 + columns), 'outlier columns, listed'),
    CA: await arena.allocate(4 * tokens * Math.ceil(columns / 4), 'int8 activations'),
    SCA: await arena.allocate(4 * tokens, 'activation scales'),
  };
}

/** Finds the outlier columns of x [M, K] and quantizes the rest, all on the GPU; `seen` collects the columns found. */
export function quantizeInput(
  commands: Commands,
  x: GPUBuffer,
  { threshold, mask, columns, CA, SCA }: Int8Input,
  { M, K, seen }: { M: number; K: number; seen: GPUBuffer },
): void {
  if (threshold > 0) {
    dispatchForm(commands, outlier_columns, { M, K, threshold }, { x, mask, seen });
    commands.dispatch(list_outliers, { K }, { mask, columns });
  }
  dispatchForm(commands, int8_vectorwise_quant, { M, K, threshold }, { x, mask, CA, SCA });
}
