import type { ModelConfig } from '../model/model_config.ts';
import type { QuantConfig } from '../quant/config.ts';

/** Seconds of computing; compiling kernels and bringing weights to the device come on top. */
export const PROBE_SECONDS = 2;

/** What a short probe measured of a model on an adapter. */
export interface Probe {
  shape: ModelConfig;
  /** Of a model on the Hub, where it tells its files' sizes. */
  download_bytes?: number | undefined;
  speeds: Partial<Record<Arithmetic, Speed>>;
}

/** Configurations that run the same kernels are about as fast: every codebook is the same to them. */
export type Arithmetic = 'float' | '4-bit' | 'int8' | 'llm_int8';

/** Seconds of the whole model: to load it, for each pass, and for each token of a pass. */
export interface Speed {
  load_seconds: number;
  pass_seconds: number;
  token_seconds: number;
}

/** The kernels a configuration runs. */
export function arithmeticOf({ quant_type }: QuantConfig): Arithmetic {
  switch (quant_type) {
    case 'none':
      return 'float';
    case 'int8':
    case 'llm_int8':
      return quant_type;
    default:
      return '4-bit';
  }
}
