import { LabError } from '../../errors.ts';
import { decode, encodeFloats, type QuantizableDtype } from '../../tensor/dtype.ts';
import { findTensor, readWeightBytes, type Checkpoint } from '../../tensor/checkpoint.ts';
import { transposed, type Tensor } from '../../tensor/tensor.ts';
import type { PlannedGgufTensor } from '../../tensor/write_gguf.ts';
import type { ModelConfig } from '../model_config.ts';
import type { LinearModule } from '../modules.ts';
import { allTensors, modelTensors } from '../tensors.ts';
import { ggufTensors, headsOf, type NamedTensor } from './names.ts';
import { inPairs } from './views.ts';

/** A tensor of a model as a GGUF file has it: under its name, rows in its order. */
export interface GgufSource {
  planned: PlannedGgufTensor;
  /** The Linear layer whose weight it is. */
  module: LinearModule | undefined;
  /** Its values in float32. */
  values: () => Promise<Tensor>;
  /** Its bytes in the type that was planned, where that is one of floats. */
  bytes: () => Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Every tensor of a model, in floats as a GGUF file has them: matrices in the dtype of the checkpoint; vectors, norms and
 * tables of positions, which llama.cpp multiplies and adds, in float32.
 * @throws unsupported-architecture for a tensor that a GGUF file has no name for; unsupported-dtype
 */
export function ggufSources(checkpoint: Checkpoint, config: ModelConfig, pairwise: boolean): GgufSource[] {
  const named = ggufTensors(config, checkpoint);
  const names = named.map(({ tensor }) => tensor.name);
  const nameless = allTensors(modelTensors(config, checkpoint)).find(({ name }) => !names.includes(name));
  const twice = named.find(({ from }, i) => named.findIndex((other) => other.from === from) !== i);
  const refused = nameless ?? twice?.tensor;
  if (refused) {
    throw new LabError('unsupported-architecture', `A GGUF file has no name for the tensor ${refused.name}.`);
  }
  return named.map((one) => sourceOf(checkpoint, one, pairwise ? headsOf(one, config) : undefined));
}

function sourceOf(checkpoint: Checkpoint, one: NamedTensor, heads: number | undefined): GgufSource {
  const { from, tensor, plus = 0, transposed: turned, module } = one;
  const dtype = floatDtype(tensor.name, findTensor(checkpoint, tensor.name).info.dtype);
  const matrix = tensor.shape.length === 2;
  const isTurned = turned === true && matrix;
  const shape = isTurned ? [...tensor.shape].reverse() : tensor.shape;
  const type = matrix && !from.startsWith('position_embd') ? dtype : 'F32';
  const values = async (): Promise<Tensor> => {
    const stored = {
      shape: tensor.shape,
      data: decode(dtype, await readWeightBytes(checkpoint, tensor.name)),
    };
    const { data } = isTurned ? transposed(stored) : stored;
    const rows = heads === undefined ? data : inPairs(data, shape, heads);
    return { shape, data: plus === 0 ? rows : rows.map((value) => value + plus) };
  };
  return {
    planned: { name: from, type, shape },
    module: from.endsWith('.weight') ? module : undefined,
    values,
    async bytes() {
      const asStored = type === dtype && heads === undefined && plus === 0 && !isTurned;
      return asStored ? readWeightBytes(checkpoint, tensor.name) : encodeFloats(type, (await values()).data);
    },
  };
}

function floatDtype(name: string, dtype: string): QuantizableDtype {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
  throw new LabError('unsupported-dtype', `Tensor ${name} is ${dtype}; supported: F32, F16, BF16.`);
}
