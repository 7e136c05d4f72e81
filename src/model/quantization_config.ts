import { LabError } from '../errors.ts';
import { bitsAndBytesLayout } from '../quant/saved/bitsandbytes.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import { SAVED_METHODS, type SavedMethod } from '../quant/saved/methods.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import { isObject, shown, type Json } from './config_fields.ts';
import { fatesByTable, reasonIn, refusedOf, type KeyFate } from './key_fates.ts';

const OPENED =
  "Nibble opens bitsandbytes' NF4, FP4 and LLM.int8(), GPTQ, AWQ, compressed-tensors, FP8, HQQ, and unquantized weights";

/** Keys of bitsandbytes' config that change no number of a checkpoint that is quantized already, and why. */
const HARMLESS: Record<string, string> = {
  _load_in_4bit: 'a copy of load_in_4bit',
  _load_in_8bit: 'a copy of load_in_8bit',
  bnb_4bit_compute_dtype: 'the spec says what a run computes in',
  bnb_4bit_quant_storage: 'the dtype under which the same bytes are stored',
  bnb_4bit_quant_type: 'each layer has its own in its quant_state',
  bnb_4bit_use_double_quant: 'each layer has its own in its quant_state',
  llm_int8_enable_fp32_cpu_offload: 'where layers lie, not what they compute',
  llm_int8_skip_modules: 'the tensors themselves say which layers are quantized',
};

/** Every method that is opened, by quant_method. */
const METHODS: ReadonlyMap<string, SavedMethod> = new Map<string, SavedMethod>([
  ...SAVED_METHODS,
  [
    'bitsandbytes',
    {
      read: ['load_in_4bit', 'load_in_8bit', 'llm_int8_threshold'],
      harmless: HARMLESS,
      layoutOf: ({ load_in_8bit, llm_int8_threshold: threshold }) =>
        bitsAndBytesLayout({
          bits: load_in_8bit === true ? 8 : 4,
          llm_int8_threshold: typeof threshold === 'number' ? threshold : 6,
        }),
    },
  ],
]);

/** What other quantizers put in place of a Linear layer's weight, by the ends of names. */
const TRACES: readonly (readonly [ending: string, quantizer: string])[] = [
  ['.qweight', 'GPTQ or AWQ'],
  ['.weight_packed', 'compressed-tensors'],
  ['.W_q', 'HQQ'],
  ['.weight_scale_inv', 'FP8'],
  ['.weight_scale', 'FP8, NVFP4 or compressed-tensors'],
  ['.weight_scales', 'EETQ'],
  ['.scales', 'MLX'],
  ['.SCB', 'LLM.int8()'],
  ['.absmax', 'bitsandbytes'],
];

/**
 * Reads how config.json says that the checkpoint was quantized; undefined where it says nothing of the kind.
 * @throws unsupported-quantization naming the method that is not opened here.
 */
export function quantizationConfig(json: unknown): SavedLayout | undefined {
  if (!isObject(json)) return undefined;
  const settings = settingsOf(json);
  const method = methodOf(json, settings);
  if (method === undefined) return undefined;
  const row = METHODS.get(method);
  if (!row || !isObject(settings)) {
    throw new LabError(
      'unsupported-quantization',
      `config.json says the checkpoint is quantized by ${method}; ${OPENED}.`,
    );
  }
  const [unknown] = refusedOf(quantizationFates(json) ?? []);
  if (unknown) {
    const allowed =
      method === 'bitsandbytes' ? "bitsandbytes' own keys, without 16-bit copies" : `the keys of ${method}`;
    throw new LabError(
      'unsupported-quantization',
      `config.json: quantization_config has ${unknown.key}: ${shown(unknown.value)}, which Nibble does not know; allowed: ${allowed}.`,
    );
  }
  return row.layoutOf(settings);
}

/** The quantizer's name; transformers takes a config without one for bitsandbytes' where it loads in 4 or 8 bit. */
function methodOf(json: Json, settings: unknown): string | undefined {
  if (isObject(settings) && typeof settings.quant_method === 'string') return settings.quant_method;
  if (json.quantization) return 'MLX';
  if (json.compression_config) return 'compressed-tensors';
  if (settings === undefined || settings === null) return undefined;
  if (!isObject(settings)) return shown(settings);
  if (settings.load_in_4bit === true || settings.load_in_8bit === true) return 'bitsandbytes';
  return `a method that its quantization_config, ${shown(settings)}, does not name`;
}

/** The quantization_config of a config.json, that of its text model where it has none of its own. */
function settingsOf(json: Json): unknown {
  const inner = isObject(json.text_config) ? json.text_config : {};
  return json.quantization_config ?? inner.quantization_config;
}

/** What becomes of each key of the quantization_config in a config.json; undefined where it has none. */
export function quantizationFates(json: Json): KeyFate[] | undefined {
  const settings = settingsOf(json);
  if (!isObject(settings)) return undefined;
  const method = methodOf(json, settings);
  const row = method === undefined ? undefined : METHODS.get(method);
  if (!row) {
    // Of a quantizer that is not opened nothing but the name is read.
    return Object.keys(settings).map((key): KeyFate => ({
      key,
      fate: key === 'quant_method' ? 'read' : 'unreached',
    }));
  }
  return fatesByTable(
    settings,
    (key) => key === 'quant_method' || row.read.includes(key),
    reasonIn(row.harmless),
    (value) => value === null || value === false,
  );
}

/** @throws unsupported-quantization when tensors look quantized though config.json says nothing of it. */
export function requireNoTraces({ tensors }: Checkpoint, modules: readonly string[]): void {
  for (const name of tensors.keys()) {
    const trace = TRACES.find(([ending]) => name.endsWith(ending));
    if (!trace) continue;
    throw new LabError(
      'unsupported-quantization',
      `The checkpoint has ${name}, as ${trace[1]} stores it, but config.json has no quantization_config; ${OPENED}.`,
    );
  }
  for (const name of modules) {
    const dtype = tensors.get(`${name}.weight`)?.info.dtype;
    if (dtype === undefined || !/^[IU]\d+$/.test(dtype)) continue;
    throw new LabError(
      'unsupported-quantization',
      `${name}.weight is ${dtype}, as quantizers store it, but config.json has no quantization_config; ${OPENED}.`,
    );
  }
}
