import { LabError } from '../errors.ts';
import { savedQuantType, type SavedQuantType, type SavedReader } from '../quant/bitsandbytes_format.ts';
import type { ComputeDtype, QuantConfig } from '../quant/config.ts';
import { readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules } from './modules.ts';

/** The quantization that a checkpoint came with, as bitsandbytes saved it. */
export interface StoredQuant {
  quant_type: SavedQuantType;
  blocksize: number;
  double_quant: boolean;
  llm_int8_threshold: number;
}

/** Reads tensors of a checkpoint by name for the reader of bitsandbytes' layout, which asks for some that may be absent. */
export const savedReader = (checkpoint: Checkpoint): SavedReader => ({
  dtypeOf: (name) => checkpoint.tensors.get(name)?.info.dtype,
  read: async (name) => (checkpoint.tensors.has(name) ? readWeightBytes(checkpoint, name) : undefined),
});

/** Reads the format of the first quantized layer; undefined when no layer is quantized. */
export async function storedQuantOf(
  checkpoint: Checkpoint,
  config: ModelConfig,
  configJson: unknown,
): Promise<StoredQuant | undefined> {
  const reader = savedReader(checkpoint);
  const first = linearModules(config, checkpoint).find(({ name }) => savedQuantType(reader, name));
  if (!first) return undefined;
  const quant_type = savedQuantType(reader, first.name)!;
  const settings = (configJson as { quantization_config?: { llm_int8_threshold?: unknown } })
    .quantization_config;
  const threshold = settings?.llm_int8_threshold;
  const weight = `${first.name}.weight`;
  const state = await reader.read(`${weight}.quant_state.bitsandbytes__${quant_type}`);
  const { blocksize } = state
    ? (JSON.parse(new TextDecoder().decode(state)) as { blocksize: number })
    : { blocksize: 0 };
  return {
    quant_type,
    blocksize,
    double_quant: reader.dtypeOf(`${weight}.absmax`) === 'U8',
    llm_int8_threshold: typeof threshold === 'number' ? threshold : 6,
  };
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
  { quant_type, blocksize, double_quant, llm_int8_threshold }: StoredQuant,
  compute_dtype: ComputeDtype,
): QuantConfig {
  return quant_type === 'llm_int8'
    ? { quant_type, llm_int8_threshold, compute_dtype }
    : { quant_type, blocksize, double_quant, compute_dtype };
}
