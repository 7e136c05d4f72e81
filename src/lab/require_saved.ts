import { LabError } from '../errors.ts';
import { checkpointFaults } from '../model/checkpoint_faults.ts';
import type { ModelConfig } from '../model/model_config.ts';
import { linearModules } from '../model/modules.ts';
import { openWeights } from '../model/open_model.ts';
import { savedReader } from '../model/stored_quant.ts';
import { savedQuantType } from '../quant/bitsandbytes_format.ts';
import { formatOf, type QuantConfig } from '../quant/config.ts';
import { layerConfig } from '../quant/layers.ts';
import type { FileSet } from '../tensor/source.ts';

/**
 * Opens a quantized copy again as a run would, and checks that it is whole: every Linear layer of the blocks in the
 * format asked for, those to be skipped as they were, and every other tensor there. Returns the model that it is.
 * @throws bad-quant-state naming the layer that is not; missing-tensor, bad-config, and all of openWeights'.
 */
export async function requireSaved(files: FileSet, config: QuantConfig): Promise<ModelConfig> {
  const opened = await openWeights(files);
  const { checkpoint, config: model } = opened;
  const reader = savedReader(checkpoint);
  const layout = opened.stored_quant?.layout;
  for (const { name, aliases } of linearModules(model, checkpoint)) {
    const { quant_type } = layerConfig(config, aliases);
    const wanted = quant_type === 'none' ? undefined : quant_type;
    // What a tool stored is of its one kind, bitsandbytes' aside.
    const stored = layout?.isQuantized(reader, name) ? quant_type : undefined;
    const found = formatOf(config).saved ? savedQuantType(reader, name) : stored;
    if (found === wanted) continue;
    throw new LabError(
      'bad-quant-state',
      `${name} was written as ${found ?? 'unquantized'}; asked for was ${wanted ?? 'to leave it unquantized'}.`,
    );
  }
  const [fault] = await checkpointFaults(opened);
  if (fault) throw fault;
  return model;
}
