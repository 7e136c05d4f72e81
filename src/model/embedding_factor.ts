import { COMPUTE_DTYPE, roundingOf } from '../gpu/kernels/rounding.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { ModelConfig } from './model_config.ts';

/**
 * What embeddings are multiplied by in a model of some dtype, 1 where nothing is said: Gemma's √3072 is 55.5 in
 * bfloat16 and 55.4256 in float32 (transformers modeling_gemma.py rounds it, modeling_granite.py does not).
 */
export function embeddingFactor(
  { embedding_scale }: Pick<ModelConfig, 'embedding_scale'>,
  dtype: ComputeDtype,
): number {
  if (!embedding_scale) return 1;
  const { value, in_dtype } = embedding_scale;
  return in_dtype ? roundingOf({ COMPUTE_DTYPE: COMPUTE_DTYPE[dtype] })(value) : value;
}
