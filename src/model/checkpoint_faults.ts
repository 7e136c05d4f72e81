import { LabError } from '../errors.ts';
import { isQuantizable } from '../tensor/dtype.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelWeights } from './open_model.ts';
import { linearModules } from './modules.ts';
import { savedReader } from './stored_quant.ts';
import { allTensors, modelTensors, requireTensor } from './tensors.ts';

/**
 * Lists what keeps a model from being loaded, an error for each tensor: those that the checkpoint lacks, those of
 * another shape or dtype, and Linear layers whose saved quantization cannot be read. Weights that are not finite show
 * only when they are read.
 */
export async function checkpointFaults({
  config,
  checkpoint,
  stored_quant,
}: Pick<ModelWeights, 'config' | 'checkpoint' | 'stored_quant'>): Promise<LabError[]> {
  const layout = stored_quant?.layout;
  const faults: LabError[] = [];
  const reader = savedReader(checkpoint);
  const quantized = new Set<string>();
  for (const { name, rows, columns } of linearModules(config, checkpoint)) {
    if (!layout?.isQuantized(reader, name)) continue;
    quantized.add(`${name}.weight`);
    await keepFault(faults, () => layout.read(reader, name, [rows, columns]));
  }
  for (const tensor of allTensors(modelTensors(config, checkpoint))) {
    if (quantized.has(tensor.name)) continue;
    await keepFault(faults, () => {
      requireTensor(checkpoint, tensor);
      requireFloats(checkpoint, tensor.name);
    });
  }
  return faults;
}

async function keepFault(faults: LabError[], check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    faults.push(error);
  }
}

function requireFloats({ tensors }: Checkpoint, name: string): void {
  const dtype = tensors.get(name)?.info.dtype ?? 'missing';
  if (isQuantizable(dtype)) return;
  throw new LabError('unsupported-dtype', `Tensor ${name} is ${dtype}; supported: F32, F16, BF16.`);
}
