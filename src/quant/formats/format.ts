import type { Tensor } from '../../tensor/tensor.ts';
import type { Codebook } from '../codebook.ts';
import type { KnobName, KnobValues } from '../knobs.ts';
import type { QuantizedTensor, Shift } from '../quantized.ts';

/** What of its Linear layers a configuration excepts. */
export interface Exceptions {
  skip_modules?: KnobValues['skip_modules'] | undefined;
  by_layer?: KnobValues['by_layer'] | undefined;
}

/** A configuration of a format with these knobs that quantizes every layer, or none. */
export type Bare<Q extends string, K extends KnobName> = { quant_type: Q } & Pick<KnobValues, K>;

/** A configuration of a format with these knobs, which may leave layers out. */
export type Config<Q extends string, K extends KnobName> = Bare<Q, K> & Exceptions;

/** The defaults of every format that quantizes: no layer is excepted. */
export const NO_EXCEPTIONS = { skip_modules: undefined, by_layer: undefined } as const;

/** The kernels a configuration runs; those that run the same are about as fast. */
export type Arithmetic = 'float' | '4-bit' | '8-bit' | 'int8' | 'llm_int8';

/** The checkpoint format that a quantized tensor can be saved in, if there is one. */
export type Saved = 'bitsandbytes' | undefined;

/** The look of a format in every chart: a hue of the page's palette, and two cues that do without it. */
export interface FormatLook {
  hue: 'nf4' | 'fp4' | 'int8' | 'float' | 'ink';
  shape: 'circle' | 'diamond' | 'square' | 'triangle' | 'cross' | 'bar' | 'frame';
  dash: 'solid' | 'dashed' | 'dotted' | 'dash-dot';
}

/** A weight format: one row of the table in formats.ts, from which all else follows. */
export interface Format<C extends { quant_type: string } = { quant_type: string }, S extends Saved = Saved> {
  quant_type: C['quant_type'];
  /** The name in a list of formats. */
  title: string;
  /** The knobs with their defaults, in the order a refusal lists them; undefined where there is no default. */
  knobs: { [K in Exclude<keyof C, 'quant_type'>]-?: C[K] | undefined };
  /** The values of a choice, where this format takes others than the rest. */
  choices?: { [K in KnobName]?: readonly (string | number)[] };
  /** The values of those choices that go by others of the configuration. */
  choicesBeside?(this: void, config: C): { [K in KnobName]?: readonly (string | number)[] };
  /** Values that the builder begins with where a knob has no default. */
  start?: Partial<C>;
  /** The name of a configuration without its compute dtype: "NF4 · 64"; empty where that is all there is to say. */
  nameOf(this: void, config: C): string;
  arithmetic(this: void, config: C): Arithmetic;
  /** True if the scales of its blocks are places in a table, as double quantization's are. */
  nestedScales?(this: void, config: C): boolean;
  /** What its blocks move their codes by. */
  shiftOf?(this: void, config: C): Shift['kind'] | undefined;
  /** Stores a weight [rows, columns] in this format; missing where weights stay as they are. */
  quantize?(this: void, tensor: Tensor, config: C): QuantizedTensor;
  /** Of a format that is made layer by layer from a text that goes through the model, in place of `quantize`. */
  calibrated?: {
    /** Which layers the inputs of the next one come from. */
    errors: 'of its quantized layers' | 'of its float layers';
  };
  /** Weights of a row that belong together: rows are a multiple of it. Missing where any length will do. */
  groupOf?(this: void, config: C): number;
  /** Consecutive weights that one scale serves on the device; missing where scales are a row's or the tensor's. */
  blocksizeOf?(this: void, config: C, columns: number): number;
  /** The sixteen values of a 4-bit code that the largest magnitude of a block scales. */
  codebookOf?(this: void, config: C): Codebook<C['quant_type']>;
  /** Bits of one code, without its share of a scale: what transformers' get_memory_footprint counts. */
  codeBits(this: void, config: C): number;
  /** Bytes of the scales of a weight [rows, columns]. */
  scaleBytes(this: void, shape: readonly [number, number], config: C): number;
  /** Bytes of the tables that all weights of a model share. */
  sharedBytes(this: void, config: C): number;
  saved: S;
  look: FormatLook;
}
