/** How the Linear weights of one configuration are stored, and in what type they compute. */
export type QuantConfig = Unquantized | Blockwise4bitConfig | CustomCodeConfig | Int8Config | LlmInt8Config;

export type ComputeDtype = 'float32' | 'float16' | 'bfloat16';

/** Weights as they are in the checkpoint. */
export interface Unquantized {
  quant_type: 'none';
  compute_dtype: ComputeDtype;
}

/** What every quantized configuration may say. */
interface Quantized {
  compute_dtype: ComputeDtype;
  /** Linear layers that stay as they are stored, by name or path; none when not given. */
  skip_modules?: string[] | undefined;
}

/** A named 16-entry code, one absmax per block. */
export interface Blockwise4bitConfig extends Quantized {
  quant_type: 'nf4' | 'fp4' | 'int4';
  blocksize: number;
  double_quant: boolean;
}

/** The user's own 16 values in [-1, 1]. */
export interface CustomCodeConfig extends Quantized {
  quant_type: 'custom';
  code: number[];
  blocksize: number;
  double_quant: boolean;
}

/** 8-bit absmax integers, one scale per row or one per tensor. */
export interface Int8Config extends Quantized {
  quant_type: 'int8';
  granularity: 'row' | 'tensor';
}

/** 8-bit weights and activations, the activations' outlier columns in the compute dtype. */
export interface LlmInt8Config extends Quantized {
  quant_type: 'llm_int8';
  /** Magnitude from which an activation is an outlier; 0 means none is. */
  llm_int8_threshold: number;
}

export type QuantType = QuantConfig['quant_type'];

/** Block sizes bitsandbytes accepts (functional.py, quantize_4bit). */
export const BLOCKSIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/** Linear layers that a configuration leaves as they are stored, by name or path. */
export const skippedModules = (config: QuantConfig): readonly string[] =>
  'skip_modules' in config ? (config.skip_modules ?? []) : [];

/** A configuration as a person says it. `NF4 · 64`, `INT8 per row`, `float32`. */
export function configName(config: QuantConfig): string {
  const dtype = config.compute_dtype;
  switch (config.quant_type) {
    case 'none':
      return dtype;
    case 'int8':
      return withDtype(`INT8 per ${config.granularity}`, dtype);
    case 'llm_int8': {
      const { llm_int8_threshold: threshold } = config;
      return withDtype(threshold === 6 ? 'LLM.int8()' : `LLM.int8() · threshold ${threshold}`, dtype);
    }
    default: {
      const dq = config.double_quant ? ' · double quant' : '';
      return withDtype(`${config.quant_type.toUpperCase()} · ${config.blocksize}${dq}`, dtype);
    }
  }
}

const withDtype = (name: string, dtype: ComputeDtype): string =>
  dtype === 'float32' ? name : `${name} · ${dtype}`;
