import { LabError } from '../errors.ts';
import { checkpointFaults } from '../model/checkpoint_faults.ts';
import { openWeights, type ModelWeights } from '../model/open_model.ts';
import type { FileSet } from '../tensor/source.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Opens a model to write a quantized copy of it. It is whole: what is missing would be missed only when a tool loads the
 * copy.
 * @throws bad-spec when it is quantized already, missing-tensor or bad-config when it is not whole; all of openWeights'
 */
export async function openWholeFloats(files: FileSet): Promise<ModelWeights> {
  const opened = await openWeights(files);
  const { stored_quant } = opened;
  if (stored_quant) {
    throw new LabError(
      'bad-spec',
      `The checkpoint is quantized to ${stored_quant.storage.quant_type} already; allowed: one that is not.`,
    );
  }
  const [fault] = await checkpointFaults(opened);
  if (fault) throw fault;
  return opened;
}

/** The weight itself. @throws non-finite-weights naming it and the first element that is no number */
export function requireFinite(name: string, tensor: Tensor): Tensor {
  const wrong = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return tensor;
  throw new LabError(
    'non-finite-weights',
    `${name} holds ${tensor.data[wrong]} at element ${wrong}; weights must be finite numbers.`,
  );
}
