import { roundToBF16, roundToF16 } from '../../tensor/dtype.ts';
import type { ComputeDtype } from '../../quant/config.ts';

/** The number a shader knows a compute dtype by: `override COMPUTE_DTYPE` of shaders/preludes/rounding.wgsl. */
export const COMPUTE_DTYPE: Record<ComputeDtype, number> = { float32: 0, float16: 1, bfloat16: 2 };

/** Their names by that number. */
export const COMPUTE_NAMES: readonly string[] = ['float32', 'float16', 'bfloat16'];

const ROUNDINGS = [Math.fround, roundToF16, roundToBF16] as const;

/** The rounding that a shader with `COMPUTE_DTYPE` applies. */
export const roundingOf = (overrides: Readonly<Record<string, number>>): ((x: number) => number) =>
  ROUNDINGS[overrides.COMPUTE_DTYPE ?? 0]!;
