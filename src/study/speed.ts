import type { ModelConfig } from '../model/model_config.ts';
import { formatOf, type QuantConfig } from '../quant/config.ts';
import type { Arithmetic } from '../quant/formats/format.ts';

/** Seconds of computing; compiling kernels and bringing weights to the device come on top. */
export const PROBE_SECONDS = 2;

/** Speeds that a short probe measured of a model on an adapter. */
export interface Probe {
  shape: ModelConfig;
  /** Of a model on the Hub, where it tells its files' sizes. */
  download_bytes?: number | undefined;
  speeds: Partial<Record<Arithmetic, Speed>>;
  /** Where a configuration is made by a text. */
  calibration?: CalibrationSpeed | undefined;
}

/** What tells how long calibrating takes, beside the speed of the model's passes. */
export interface CalibrationSpeed {
  /** Seconds of a multiplication of the CPU, in float64. */
  multiplication_seconds: number;
  /** Inputs of a layer from which on the device computes the longest steps; undefined where it never does. */
  device_from: number | undefined;
}

/** Seconds of the whole model: to load it, for each pass, and for each token of a pass. */
export interface Speed {
  load_seconds: number;
  pass_seconds: number;
  token_seconds: number;
}

/** The kernels a configuration runs. */
export const arithmeticOf = (config: QuantConfig): Arithmetic => formatOf(config).arithmetic(config);
