import { roundToF16 } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { absmaxOf } from './absmax.ts';
import { int8Scale, quantizeInt8, roundHalfEven } from './int8.ts';
import type { Int8Tensor } from './quantized.ts';

/** Weights of LLM.int8(): through float16 to one scale a row (bitsandbytes nn/modules.py, Int8Params). */
export function quantizeLlmInt8({ data, shape }: Tensor): Int8Tensor {
  return quantizeInt8({ shape, data: data.map(roundToF16) }, 'row');
}

/** Activations of LLM.int8(): one scale a token, outlier columns left to the float path. */
export interface Int8Activations {
  /** [tokens · columns], in [-127, 127]; 0 where the float path computes. */
  CA: Int8Array<ArrayBuffer>;
  /** [tokens] */
  SCA: Float32Array<ArrayBuffer>;
  /** Columns in which any token reaches the threshold, ascending. */
  outlier_cols: number[];
}

/**
 * Quantizes activations x [tokens, columns] per token (Dettmers et al. 2022, LLM.int8(); bitsandbytes
 * backends/default/ops.py, int8_vectorwise_quant). Values of magnitude `threshold` and above count neither in a
 * token's scale nor in its integers; with several tokens their whole column is 0. Threshold 0 means no outliers.
 */
export function quantizeActivations(x: Tensor, threshold: number): Int8Activations {
  const [tokens, columns] = x.shape as [number, number];
  const half = x.data.map(roundToF16);
  const isOutlier = (value: number): boolean => threshold > 0 && Math.abs(value) >= threshold;
  const found = new Set<number>();
  half.forEach((value, i) => {
    if (isOutlier(value)) found.add(i % columns);
  });
  const inliers = half.map((value) => (isOutlier(value) ? 0 : value));
  const CA = new Int8Array(half.length);
  const SCA = new Float32Array(tokens);
  for (let token = 0; token < tokens; token++) {
    const begin = token * columns;
    SCA[token] = absmaxOf(inliers, begin, begin + columns);
    if (SCA[token]! === 0) continue;
    const scale = int8Scale(SCA[token]!);
    for (let i = begin; i < begin + columns; i++) {
      const whole = tokens > 1 && found.has(i - begin);
      CA[i] = whole ? 0 : roundHalfEven(Math.fround(inliers[i]! * scale));
    }
  }
  return { CA, SCA, outlier_cols: [...found].sort((a, b) => a - b) };
}
