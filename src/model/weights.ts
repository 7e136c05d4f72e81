import type { Arena } from '../gpu/device/buffers.ts';
import type { Gpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelConfig } from './config.ts';
import { loadGpt2, type Gpt2Weights } from './gpt2.ts';
import { loadLlama, type LlamaWeights } from './llama.ts';
import { requireFits, type Adapter } from './lora.ts';
import { linearModules } from './modules.ts';
import { openLoader, type Progress } from './loader.ts';

/** A model's weights on the device. The Linear layers of the blocks are quantized; everything else is as stored. */
export type Weights = (LlamaWeights | Gpt2Weights) & {
  /** All of their buffers; closing it frees the weights. */
  arena: Arena;
  /** Bytes of the blocks' Linear layers, scales and codes included: what quantizing them left. */
  linear_bytes: number;
};

export interface LoadOptions {
  onProgress?: Progress;
  /** A LoRA adapter on top of the Linear layers, quantized or not. */
  adapter?: Adapter | undefined;
}

/**
 * Streams a checkpoint to the device, tensor by tensor: read, check, quantize, upload, forget.
 * @throws missing-tensor or bad-config when checkpoint and config.json disagree; non-finite-weights; out-of-memory.
 */
export async function loadWeights(
  gpu: Gpu,
  checkpoint: Checkpoint,
  config: ModelConfig,
  quant: QuantConfig,
  { onProgress = () => {}, adapter }: LoadOptions = {},
): Promise<Weights> {
  if (adapter) requireFits(adapter, linearModules(config, checkpoint));
  const loader = await openLoader(gpu, checkpoint, quant, onProgress, adapter);
  const { arena } = loader;
  try {
    const weights =
      config.family === 'llama'
        ? await loadLlama(loader, config)
        : await loadGpt2(loader, checkpoint, config);
    return { ...weights, arena, linear_bytes: loader.linearBytes() };
  } catch (error) {
    arena.close();
    throw error;
  }
}
