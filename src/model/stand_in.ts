import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import { encodeBF16 } from '../tensor/dtype.ts';
import { seededRandom } from '../tensor/random.ts';
import type { ByteSource } from '../tensor/source.ts';
import { headerOf, plannedBytes, type PlannedTensor } from '../tensor/write_safetensors.ts';
import { countParameters } from './footprint.ts';
import type { ModelConfig } from './model_config.ts';
import { allTensors, modelTensors } from './tensors.ts';

/** Blocks beyond so many weights say nothing new about a block's speed. */
const MOST_WEIGHTS = 2 ** 24;

/** The head is computed for few tokens of a pass; a part of it is enough. */
const MOST_VOCABULARY = 4096;

/** A model that is there to be timed. */
export interface StandIn {
  config: ModelConfig;
  checkpoint: Checkpoint;
  /** The model's weights in blocks, over those of the stand-in. */
  times: number;
}

/**
 * A model with the blocks of `config`, as many as fit into 16 million weights and at least one, and made-up values:
 * SmolLM2-135M is timed by 4 of its 30 blocks.
 */
export async function standIn(config: ModelConfig): Promise<StandIn> {
  const { linear } = countParameters(config);
  const blocks = Math.floor((MOST_WEIGHTS * config.num_hidden_layers) / linear);
  const num_hidden_layers = Math.max(1, Math.min(blocks, config.num_hidden_layers));
  const vocab_size = Math.min(config.vocab_size, MOST_VOCABULARY);
  const part = { ...config, num_hidden_layers, vocab_size };
  const name = 'model.safetensors';
  const tensors = allTensors(modelTensors(part)).map((tensor) => ({ ...tensor, dtype: 'BF16' }));
  const source = madeUp(name, tensors);
  return {
    config: part,
    checkpoint: await openCheckpoint({ names: [name], open: () => Promise.resolve(source) }),
    times: config.num_hidden_layers / num_hidden_layers,
  };
}

/** A safetensors file that repeats 64 kB of weights: it lies nowhere, however large it is. */
function madeUp(name: string, tensors: readonly PlannedTensor[]): ByteSource {
  const header = headerOf(tensors);
  const seeded = seededRandom(1);
  const weights = encodeBF16(Float32Array.from({ length: 2 ** 15 }, () => 0.02 * seeded.normal()));
  const pattern = new Uint8Array(weights.buffer);
  const byteLength = header.length + tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
  return {
    name,
    byteLength,
    slice(begin, end) {
      const bytes = new Uint8Array(end - begin);
      let at = begin;
      if (at < header.length) {
        bytes.set(header.subarray(at, Math.min(end, header.length)));
        at = Math.min(end, header.length);
      }
      while (at < end) {
        const from = (at - header.length) % pattern.length;
        const piece = pattern.subarray(from, from + end - at);
        bytes.set(piece, at - begin);
        at += piece.length;
      }
      return Promise.resolve(bytes);
    },
  };
}
