import { LabError } from '../errors.ts';
import { openArena, type Arena } from '../gpu/buffers.ts';
import type { Gpu } from '../gpu/device.ts';
import { loadMatrix, storeAs, type Storing } from '../gpu/load_matrix.ts';
import type { DeviceMatrix } from '../gpu/matrix.ts';
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
  /** Everything above on the device; closing it frees the weights. */
  arena: Arena;
  /** Bytes of the Linear layers of the blocks, scales and codes included: what quantizing them left. */
  linear_bytes: number;
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
  const arena = openArena(gpu);
  const total = [...checkpoint.tensors.values()].reduce(
    (sum, { info }) => sum + sizeOf(info.data_offsets),
    0,
  );
  let linear_bytes = 0;
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
    const loaded = await loadMatrix(arena, { name, rows, columns, dtype, read }, as);
    advance(name);
    return loaded;
  }

  async function vector(name: string, length: number): Promise<GPUBuffer> {
    requireShape(checkpoint, name, [length]);
    const { data } = await readWeight(checkpoint, name);
    advance(name);
    return arena.upload(data, name);
  }

  async function linear(
    name: string,
    rows: number,
    columns: number,
    biased: boolean,
    as: Storing,
  ): Promise<Linear> {
    const before = arena.bytes;
    const loaded = await matrix(`${name}.weight`, rows, columns, as);
    linear_bytes += arena.bytes - before;
    return { matrix: loaded, bias: biased ? await vector(`${name}.bias`, rows) : undefined };
  }

  async function layer(index: number, as: Storing): Promise<LayerWeights> {
    const { hidden_size: hidden, intermediate_size: inner, attention_bias, mlp_bias } = config;
    const queries = config.num_attention_heads * config.head_dim;
    const keys = config.num_key_value_heads * config.head_dim;
    const at = `model.layers.${index}`;
    return {
      input_layernorm: await vector(`${at}.input_layernorm.weight`, hidden),
      q_proj: await linear(`${at}.self_attn.q_proj`, queries, hidden, attention_bias, as),
      k_proj: await linear(`${at}.self_attn.k_proj`, keys, hidden, attention_bias, as),
      v_proj: await linear(`${at}.self_attn.v_proj`, keys, hidden, attention_bias, as),
      o_proj: await linear(`${at}.self_attn.o_proj`, hidden, queries, attention_bias, as),
      post_attention_layernorm: await vector(`${at}.post_attention_layernorm.weight`, hidden),
      gate_proj: await linear(`${at}.mlp.gate_proj`, inner, hidden, mlp_bias, as),
      up_proj: await linear(`${at}.mlp.up_proj`, inner, hidden, mlp_bias, as),
      down_proj: await linear(`${at}.mlp.down_proj`, hidden, inner, mlp_bias, as),
    };
  }

  try {
    const { vocab_size, hidden_size } = config;
    const as = await storeAs(arena, quant);
    linear_bytes = arena.bytes;
    const embedding = await matrix('model.embed_tokens.weight', vocab_size, hidden_size, AS_STORED);
    const layers: LayerWeights[] = [];
    for (let i = 0; i < config.num_hidden_layers; i++) layers.push(await layer(i, as));
    const norm = await vector('model.norm.weight', hidden_size);
    const lm_head = config.tie_word_embeddings
      ? embedding
      : await matrix('lm_head.weight', vocab_size, hidden_size, AS_STORED);
    return { embedding, layers, norm, lm_head, arena, linear_bytes };
  } catch (error) {
    arena.close();
    throw error;
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
