import { checkpointFaults } from '../model/checkpoint_faults.ts';
import { weightsOnGrid } from '../model/weights_on_grid.ts';
import { openModel, type ModelFiles } from '../model/open_model.ts';
import type { ModelReading } from '../study/result.ts';
import type { FileSet } from '../tensor/source.ts';

/** What a run's record keeps of how a model's files were read. */
export async function readingOf(model: ModelFiles): Promise<ModelReading> {
  const { tokenizer, warnings, version_4_notes } = model;
  const weights_on_grid = await weightsOnGrid(model);
  return {
    bos_in_front: tokenizer.bos_in_front,
    warnings: [...warnings],
    version_4_notes: [...version_4_notes],
    ...(weights_on_grid && { weights_on_grid }),
  };
}

/**
 * Opens a model as a run would, up to a sample of its weights, to say beforehand what it would.
 * @throws what the run would: all of openModel's, and the first of what is wrong with the checkpoint's tensors
 */
export async function readModel(files: FileSet): Promise<ModelReading> {
  const model = await openModel(files);
  const [fault] = await checkpointFaults(model);
  if (fault) throw fault;
  return readingOf(model);
}
