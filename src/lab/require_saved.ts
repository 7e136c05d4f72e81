import { LabError } from '../errors.ts';
import type { ModelConfig } from '../model/model_config.ts';
import { isSkipped, linearModules } from '../model/modules.ts';
import { openWeights } from '../model/open_model.ts';
import { savedReader } from '../model/stored_quant.ts';
import { allTensors, modelTensors, requireTensor } from '../model/tensors.ts';
import { readQuantized, savedQuantType, type SavableConfig } from '../quant/bitsandbytes_format.ts';
import type { FileSet } from '../tensor/source.ts';

/**
 * Opens a quantized copy again as a run would, and checks that it is whole: every Linear layer of the blocks in the
 * format asked for, those to be skipped as they were, and every other tensor there. Returns the model that it is.
 * @throws bad-quant-state naming the layer that is not; missing-tensor, bad-config, and all of openWeights'.
 */
export async function requireSaved(files: FileSet, config: SavableConfig): Promise<ModelConfig> {
  const { checkpoint, config: model } = await openWeights(files);
  const reader = savedReader(checkpoint);
  const quantized = new Set<string>();
  for (const { name, rows, columns } of linearModules(model, checkpoint)) {
    const wanted = isSkipped(name, config.skip_modules ?? []) ? undefined : config.quant_type;
    const found = savedQuantType(reader, name);
    if (found !== wanted) {
      throw new LabError(
        'bad-quant-state',
        `${name} was written as ${found ?? 'unquantized'}; asked for was ${wanted ?? 'to leave it unquantized'}.`,
      );
    }
    if (wanted === undefined) continue;
    await readQuantized(reader, name, [rows, columns]);
    quantized.add(`${name}.weight`);
  }
  for (const tensor of allTensors(modelTensors(model, checkpoint))) {
    if (!quantized.has(tensor.name)) requireTensor(checkpoint, tensor);
  }
  return model;
}
