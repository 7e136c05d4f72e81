import type { ModelFiles } from '../../model/open_model.ts';
import type { ModelSource } from '../../model/session.ts';
import { headName } from '../../model/tensors.ts';
import { openCheckpoint } from '../../tensor/checkpoint.ts';
import { memoryFiles } from '../../tensor/source.ts';
import { transposed, type Tensor } from '../../tensor/tensor.ts';
import { headerOf } from '../../tensor/write_safetensors.ts';

/** A weight to put in place of the checkpoint's tensor of that name. */
export interface NamedWeight extends Tensor {
  name: string;
  /** Stored [inputs, outputs]. */
  conv1d: boolean;
}

/** A model with some of its weights replaced, which stay in memory; a head of its own is untied from the embedding. */
export async function withWeights(
  { config, checkpoint }: Pick<ModelFiles, 'config' | 'checkpoint'>,
  weights: readonly NamedWeight[],
): Promise<ModelSource> {
  const stored = weights.map((weight) => ({
    name: weight.name,
    ...(weight.conv1d ? transposed(weight) : weight),
  }));
  const planned = stored.map(({ name, shape }) => ({ name, shape, dtype: 'F32' }));
  const header = headerOf(planned);
  const file = new Uint8Array(header.length + stored.reduce((sum, { data }) => sum + data.byteLength, 0));
  file.set(header);
  let at = header.length;
  for (const { data } of stored) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  const other = await openCheckpoint(memoryFiles({ 'model.safetensors': file }));
  const head = `${headName(config, checkpoint)}.weight`;
  const untied = config.tie_word_embeddings && other.tensors.has(head);
  return {
    config: untied ? { ...config, tie_word_embeddings: false } : config,
    checkpoint: { ...checkpoint, tensors: new Map([...checkpoint.tensors, ...other.tensors]) },
  };
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / (size || 1));
}
