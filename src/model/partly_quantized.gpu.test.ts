import { afterAll, expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { savedModel } from '../../test/fixtures/saved_model.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { FileSet } from '../tensor/source.ts';
import { reserve } from './forward.ts';
import { readLogits } from './logits.ts';
import { openWeights } from './open_model.ts';
import { readOutliers, type OutlierColumns } from './outliers.ts';
import { forwardSequence } from './sequence.ts';
import { withModel } from './session.ts';
import { effectiveConfig } from './stored_quant.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const LLM_INT8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;
const skip_modules = ['down_proj', 'model.layers.1.self_attn'];

interface Measured {
  logits: Float32Array;
  linear_bytes: number;
  outliers: OutlierColumns[];
}

async function measure(files: FileSet, quant: QuantConfig): Promise<Measured> {
  const opened = await openWeights(files);
  return withModel(gpu, opened, effectiveConfig(quant, opened.stored_quant), async (model) => {
    await reserve(model, 5, 5);
    forwardSequence(model, [0, 17, 3, 99, 210], 0);
    const logits = await readLogits(model, [0, 1, 2, 3, 4]);
    return { logits, linear_bytes: model.weights.linear_bytes, outliers: await readOutliers(model) };
  });
}

it.each([NF4, { ...NF4, double_quant: true }, LLM_INT8])(
  'a checkpoint that was quantized but for some layers runs as the same model does under skip_modules: %j',
  async (config) => {
    const copy = await savedModel(randomLlama(), { ...config, skip_modules });
    const stored = await measure(copy, { quant_type: 'none', compute_dtype: 'float32' });
    const [part, all] = [
      await measure(randomLlama(), { ...config, skip_modules }),
      await measure(randomLlama(), config),
    ];
    expect(stored.logits).toEqual(part.logits);
    expect(stored.outliers).toEqual(part.outliers);
    expect(stored.logits).not.toEqual(all.logits);
    expect(stored.linear_bytes).toBeGreaterThan(all.linear_bytes);
  },
);

it('reports no outliers of inputs that only unquantized layers read', async () => {
  const { outliers } = await measure(randomLlama(), { ...LLM_INT8, skip_modules });
  expect(outliers.map(({ layer, input }) => `${layer} ${input}`)).toEqual([
    '0 attention',
    '0 output',
    '0 mlp',
    '1 mlp',
  ]);
});
