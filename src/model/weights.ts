import { LabError } from '../errors.ts';
import { free, upload, type Gpu } from '../gpu/device.ts';
import { freeMatrix, loadMatrix, storeAs, type DeviceMatrix, type Storing } from '../gpu/matrix.ts';
import type { QuantConfig } from '../quant/config.ts';
import { findTensor, readWeight, readWeightRows, type Checkpoint } from '../tensor/checkpoint.ts';
import { isQuantizable } from '../tensor/dtype.ts';
import type { ModelConfig } from './config.ts';

/** A model's weights on the device. The Linear layers of the blocks are quantized; everything else is as stored. */
export interface Weights {
  embedding: DeviceMatrix;
  layers: LayerWeights[];
  norm: GPUBuffer;
  /** The embedding itself when the model ties them. */
  lm_head: DeviceMatrix;
  /** The sixteen values of a 4-bit configuration. */
  code: GPUBuffer | undefined;
  /** Bytes of weights on the device. */
  bytes: number;
}

export interface LayerWeights {
  input_layernorm: GPUBuffer;
  q_proj: Linear;
  k_proj: Linear;
  v_proj: Linear;
  o_proj: Linear;
  post_attention_layernorm: GPUBuffer;
  gate_proj: Linear;
  up_proj: Linear;
  down_proj: Linear;
}

/** y = x · matrixᵀ + bias. */
export interface Linear {
  matrix: DeviceMatrix;
  bias: GPUBuffer | undefined;
}

/** Quantization of what is not quantized. */
const AS_STORED: Storing = { config: { quant_type: 'none', compute_dtype: 'float32' } };

export type Progress = (bytesDone: number, bytesTotal: number) => void;

/**
 * Streams a checkpoint to the device, tensor by tensor: read, check, quantize, upload, forget.
 * @throws missing-tensor or bad-config when checkpoint and config.json disagree; non-finite-weights; out-of-memory.
 */
export async function loadWeights(
  gpu: Gpu,
  checkpoint: Checkpoint,
  config: ModelConfig,
  quant: QuantConfig,
  onProgress: Progress = () => {},
): Promise<Weights> {
  const before = gpu.allocated.bytes;
  const made: { matrices: DeviceMatrix[]; buffers: GPUBuffer[] } = { matrices: [], buffers: [] };
  const total = [...checkpoint.tensors.values()].reduce(
    (sum, { info }) => sum + sizeOf(info.data_offsets),
    0,
  );
  const storing = await storeAs(gpu, quant);
  if (storing.code) made.buffers.push(storing.code);
  let done = 0;
  const advance = (name: string): void => {
    done += sizeOf(findTensor(checkpoint, name).info.data_offsets);
    onProgress(done, total);
  };

  async function matrix(name: string, rows: number, columns: number, as: Storing): Promise<DeviceMatrix> {
    requireShape(checkpoint, name, [rows, columns]);
    const { dtype } = findTensor(checkpoint, name).info;
    if (!isQuantizable(dtype)) {
      throw new LabError('unsupported-dtype', `Tensor ${name} is ${dtype}; supported: F32, F16, BF16.`);
    }
    const read = (begin: number, end: number) => readWeightRows(checkpoint, name, begin, end);
    const loaded = await loadMatrix(gpu, { name, rows, columns, dtype, read }, as);
    made.matrices.push(loaded);
    advance(name);
    return loaded;
  }

  async function vector(name: string, length: number): Promise<GPUBuffer> {
    requireShape(checkpoint, name, [length]);
    const { data } = await readWeight(checkpoint, name);
    const buffer = await upload(gpu, data, name);
    made.buffers.push(buffer);
    advance(name);
    return buffer;
  }

  async function linear(name: string, rows: number, columns: number, biased: boolean): Promise<Linear> {
    return {
      matrix: await matrix(`${name}.weight`, rows, columns, storing),
      bias: biased ? await vector(`${name}.bias`, rows) : undefined,
    };
  }

  async function layer(index: number): Promise<LayerWeights> {
    const { hidden_size: hidden, intermediate_size: inner, attention_bias, mlp_bias } = config;
    const queries = config.num_attention_heads * config.head_dim;
    const keys = config.num_key_value_heads * config.head_dim;
    const at = `model.layers.${index}`;
    return {
      input_layernorm: await vector(`${at}.input_layernorm.weight`, hidden),
      q_proj: await linear(`${at}.self_attn.q_proj`, queries, hidden, attention_bias),
      k_proj: await linear(`${at}.self_attn.k_proj`, keys, hidden, attention_bias),
      v_proj: await linear(`${at}.self_attn.v_proj`, keys, hidden, attention_bias),
      o_proj: await linear(`${at}.self_attn.o_proj`, hidden, queries, attention_bias),
      post_attention_layernorm: await vector(`${at}.post_attention_layernorm.weight`, hidden),
      gate_proj: await linear(`${at}.mlp.gate_proj`, inner, hidden, mlp_bias),
      up_proj: await linear(`${at}.mlp.up_proj`, inner, hidden, mlp_bias),
      down_proj: await linear(`${at}.mlp.down_proj`, hidden, inner, mlp_bias),
    };
  }

  try {
    const { vocab_size, hidden_size } = config;
    const embedding = await matrix('model.embed_tokens.weight', vocab_size, hidden_size, AS_STORED);
    const layers: LayerWeights[] = [];
    for (let i = 0; i < config.num_hidden_layers; i++) layers.push(await layer(i));
    const norm = await vector('model.norm.weight', hidden_size);
    const lm_head = config.tie_word_embeddings
      ? embedding
      : await matrix('lm_head.weight', vocab_size, hidden_size, AS_STORED);
    return { embedding, layers, norm, lm_head, code: storing.code, bytes: gpu.allocated.bytes - before };
  } catch (error) {
    made.matrices.forEach((loaded) => freeMatrix(gpu, loaded));
    made.buffers.forEach((buffer) => free(gpu, buffer));
    throw error;
  }
}

/** Bytes of the Linear layers' matrices, scales included: what quantizing them left. */
export function linearBytes({ layers }: Weights): number {
  return layers
    .flatMap((layer) => Object.values(layer) as (GPUBuffer | Linear)[])
    .reduce((sum, value) => sum + ('matrix' in value ? value.matrix.bytes : 0), 0);
}

/** Frees everything loadWeights made. */
export function freeWeights(gpu: Gpu, weights: Weights): void {
  const { embedding, lm_head, layers, norm, code } = weights;
  new Set([embedding, lm_head]).forEach((matrix) => freeMatrix(gpu, matrix));
  free(gpu, norm);
  if (code) free(gpu, code);
  for (const layer of layers) {
    for (const value of Object.values(layer) as (GPUBuffer | Linear)[]) {
      if ('matrix' in value) {
        freeMatrix(gpu, value.matrix);
        if (value.bias) free(gpu, value.bias);
      } else free(gpu, value);
    }
  }
}

function requireShape(checkpoint: Checkpoint, name: string, shape: readonly number[]): void {
  const found = findTensor(checkpoint, name).info.shape;
  if (found.length === shape.length && found.every((d, i) => d === shape[i])) return;
  throw new LabError(
    'bad-config',
    `Tensor ${name} is [${found.join(', ')}]; config.json makes it [${shape.join(', ')}].`,
  );
}

const sizeOf = ([begin, end]: readonly [number, number]): number => end - begin;
