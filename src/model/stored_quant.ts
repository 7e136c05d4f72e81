import { LabError } from '../errors.ts';
import { savedQuantType, type SavedQuantType, type SavedReader } from '../quant/bitsandbytes_format.ts';
import type { ComputeDtype, QuantConfig } from '../quant/config.ts';
import { readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules } from './modules.ts';
import { requireNoTraces, type BitsAndBytesSettings } from './quantization_config.ts';
import { modelTensors, type ModelTensors } from './tensors.ts';

/** The quantization that a checkpoint came with, as bitsandbytes saved it. */
export interface StoredQuant {
  quant_type: SavedQuantType;
  blocksize: number;
  double_quant: boolean;
  llm_int8_threshold: number;
  /** Linear layers that were left unquantized, by their full paths: they stay as they are stored. */
  float_modules: readonly string[];
}

/** Reads tensors of a checkpoint by name for the reader of bitsandbytes' layout, which asks for some that may be absent. */
export const savedReader = (checkpoint: Checkpoint): SavedReader => ({
  dtypeOf: (name) => checkpoint.tensors.get(name)?.info.dtype,
  read: async (name) => (checkpoint.tensors.has(name) ? readWeightBytes(checkpoint, name) : undefined),
});

/**
 * Reads how a checkpoint's Linear layers were quantized: as config.json says, and the tensors must agree.
 * @returns undefined when none is; a bitsandbytes config over float weights is a warning of openModel's
 * @throws unsupported-quantization for another quantizer, or a quantized embedding or head; bad-quant-state when
 * config.json and tensors contradict each other.
 */
export async function storedQuantOf(
  checkpoint: Checkpoint,
  config: ModelConfig,
  settings: BitsAndBytesSettings | undefined,
): Promise<StoredQuant | undefined> {
  const modules = linearModules(config, checkpoint).map(({ name }) => name);
  if (!settings) {
    requireNoTraces(checkpoint, modules);
    return undefined;
  }
  const reader = savedReader(checkpoint);
  requireFloatTables(reader, modelTensors(config, checkpoint));
  const first = modules.find((name) => savedQuantType(reader, name));
  if (first === undefined) return undefined;
  const quant_type = savedQuantType(reader, first)!;
  requireAgree(first, quant_type, settings);
  const weight = `${first}.weight`;
  const state = await reader.read(`${weight}.quant_state.bitsandbytes__${quant_type}`);
  const { blocksize } = state
    ? (JSON.parse(new TextDecoder().decode(state)) as { blocksize: number })
    : { blocksize: 0 };
  return {
    quant_type,
    blocksize,
    double_quant: reader.dtypeOf(`${weight}.absmax`) === 'U8',
    llm_int8_threshold: settings.llm_int8_threshold,
    float_modules: modules.filter((name) => !savedQuantType(reader, name)),
  };
}

function requireFloatTables(reader: SavedReader, { embedding, positions, head }: ModelTensors): void {
  for (const table of [embedding, positions, head]) {
    const name = table?.name.replace(/\.weight$/, '');
    if (name === undefined || !savedQuantType(reader, name)) continue;
    throw new LabError(
      'unsupported-quantization',
      `${name} is quantized by bitsandbytes; Nibble opens checkpoints of which only the blocks' Linear layers are.`,
    );
  }
}

function requireAgree(name: string, quant_type: SavedQuantType, { bits }: BitsAndBytesSettings): void {
  if ((quant_type === 'llm_int8') === (bits === 8)) return;
  throw new LabError(
    'bad-quant-state',
    `config.json says that bitsandbytes loads the checkpoint in ${bits} bit, but ${name} is stored as ${quant_type}.`,
  );
}

/**
 * The configuration a run computes with. A quantized checkpoint runs as it is: its codes are what was published, and
 * quantizing them again would measure another model.
 * @throws bad-spec when a configuration asks a quantized checkpoint for anything else.
 */
export function effectiveConfig(config: QuantConfig, stored: StoredQuant | undefined): QuantConfig {
  if (!stored) return config;
  if (config.quant_type !== 'none') {
    throw new LabError(
      'bad-spec',
      `quant_type is ${config.quant_type}, but the checkpoint is already quantized to ${stored.quant_type}; allowed: none, which runs it as it is.`,
    );
  }
  const { compute_dtype } = config;
  return asConfig(stored, compute_dtype);
}

function asConfig(
  { quant_type, blocksize, double_quant, llm_int8_threshold, float_modules }: StoredQuant,
  compute_dtype: ComputeDtype,
): QuantConfig {
  const skipped = float_modules.length > 0 ? { skip_modules: [...float_modules] } : {};
  return quant_type === 'llm_int8'
    ? { quant_type, llm_int8_threshold, compute_dtype, ...skipped }
    : { quant_type, blocksize, double_quant, compute_dtype, ...skipped };
}
