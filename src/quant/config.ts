import { FORMATS } from './formats.ts';
import type { NamedFormat } from './formats/blockwise.ts';
import type { Exceptions, Format } from './formats/format.ts';
import type { Calibration } from './calibrated/calibration.ts';
import type { Codebook } from './codebook.ts';
import { KNOBS, type Knob, type KnobName, type KnobValues } from './knobs.ts';

type Rows = typeof FORMATS;

export type QuantType = keyof Rows;

/** A configuration: the storage of the Linear weights, and the type they compute in. */
export type QuantConfig = { [Q in QuantType]: Rows[Q] extends Format<infer C> ? C : never }[QuantType];

/** What single layers may be stored in beside the rest: a format, and nothing of the other layers. */
export type LayerFormat = {
  [Q in LayerType]: Omit<Extract<QuantConfig, { quant_type: Q }>, 'compute_dtype' | keyof Exceptions>;
}[LayerType];

type LayerType = Exclude<QuantType, 'pack_quantized' | 'llm_int8' | 'peer'>;

export type ComputeDtype = KnobValues['compute_dtype'];

/** A codebook that has a name. */
export type NamedCodebook = {
  [Q in QuantType]: Rows[Q] extends { codebook: unknown } ? Q : never;
}[QuantType];

/** Any codebook: a named one, or the user's own. */
export type CodebookName = NamedCodebook | 'custom';

/** A configuration of 4-bit codes in blocks. */
export type Blockwise4bitConfig = Extract<QuantConfig, { double_quant: boolean }>;

/** The row of a configuration's format. */
export const formatOf = <C extends QuantConfig>({ quant_type }: C): Format<C> =>
  FORMATS[quant_type] as unknown as Format<C>;

/** Every format, in the order of the table. */
export const FORMAT_ROWS = Object.values(FORMATS) as unknown as Format<QuantConfig>[];

/** The formats that a configuration may ask for: a checkpoint may come in others. */
export const ASKED_ROWS = FORMAT_ROWS.filter(
  ({ quant_type, quantize, calibrated }) =>
    quant_type === 'none' || quant_type === 'peer' || quantize || calibrated,
);

/** The formats that single layers may have. */
export const LAYER_ROWS = ASKED_ROWS.filter(
  ({ quant_type }) => quant_type !== 'llm_int8' && quant_type !== 'peer',
);

/** A configuration that is made from a text. */
export type CalibratedConfig = Extract<QuantConfig, { quant_type: 'gptq' | 'awq' }>;

/** Whether a configuration is made from a text that goes through the model; one that a checkpoint came in is not. */
export const isCalibrated = (
  config: QuantConfig,
): config is CalibratedConfig & { calibration: Calibration } =>
  'calibration' in config && config.calibration !== undefined;

/** Another engine's copy of the model. */
export type PeerConfig = Extract<QuantConfig, { quant_type: 'peer' }>;

/** Whether a configuration is another engine's, on files of its own. */
export const isPeer = (config: QuantConfig): config is PeerConfig => config.quant_type === 'peer';

/** The model as it is stored, computed in float32: what everything else is held against. */
export const FLOAT32: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };

/** What this lab computes for a configuration: for a peer's, the float32 model that it is held against. */
export const computedHere = (config: QuantConfig): QuantConfig => (isPeer(config) ? FLOAT32 : config);

/** A knob as a format takes it, or as it takes it beside the rest of a configuration. */
export function knobOf(
  { choices, choicesBeside }: Pick<Format<QuantConfig>, 'choices' | 'choicesBeside'>,
  name: KnobName,
  config?: QuantConfig,
): Knob {
  const knob: Knob = KNOBS[name];
  const allowed = (config && choicesBeside?.(config)[name]) ?? choices?.[name];
  return allowed && knob.kind === 'choice' ? { ...knob, allowed } : knob;
}

/** The rows of the named codebooks, in the order of the table. */
export const CODEBOOK_ROWS = Object.values(FORMATS).filter(
  (row) => 'codebook' in row,
) as unknown as NamedFormat<NamedCodebook>[];

/** The codebook of each name. */
export const CODEBOOKS = Object.fromEntries(
  CODEBOOK_ROWS.map(({ quant_type, codebook }) => [quant_type, codebook]),
) as { [Q in NamedCodebook]: Codebook<Q> };

/** A configuration as a person says it. `NF4 · 64`, `INT8 per row`, `float32`. */
export function configName(config: QuantConfig): string {
  const name = formatOf(config).nameOf(config);
  const dtype = config.compute_dtype;
  if (name === '') return dtype;
  return dtype === 'float32' ? name : `${name} · ${dtype}`;
}

/** Bytes of a weight [rows, columns] with its scales. */
export function weightBytes(config: QuantConfig, shape: readonly [number, number]): number {
  const format = formatOf(config);
  return Math.ceil((shape[0] * shape[1] * format.codeBits(config)) / 8) + format.scaleBytes(shape, config);
}

/** Bits of a weight with its share of the scales, in a weight so large that the last block and row do not count. */
export const bitsPerWeight = (config: QuantConfig): number =>
  (8 * weightBytes(config, [2 ** 20, 2 ** 20])) / 2 ** 40;
