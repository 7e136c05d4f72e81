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
}

/** Seconds of the whole model: to load it, for each pass, and for each token of a pass. */
export interface Speed {
  load_seconds: number;
  pass_seconds: number;
  token_seconds: number;
}

/** The kernels a configuration runs. */
export const arithmeticOf = (config: QuantConfig): Arithmetic => formatOf(config).arithmetic(config);
