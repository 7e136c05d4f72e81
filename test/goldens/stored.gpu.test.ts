import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/device/device.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import { readLogits } from '../../src/model/logits.ts';
import { openModel } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { effectiveConfig } from '../../src/model/stored_quant.ts';
import { configName } from '../../src/quant/config.ts';
import { compare, formatMismatch, maxError } from '../../src/tensor/compare.ts';
import { NO_TOKENIZER, goldenFolder, openGolden } from '../fixtures/golden_files.ts';
import { noteWorst } from './worst.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** Each folder of test/golden/stored, and what a run calls its checkpoint. */
test.each([
  ['gptq-v1-sym', 'GPTQ · g32'],
  ['gptq-v1-asym', 'GPTQ · g32 · zero points'],
  ['gptq-v2-asym', 'GPTQ · g64 · zero points'],
  ['gptq-act-order', 'GPTQ · g32 · zero points · act-order'],
  ['awq', 'AWQ · g32'],
  ['ct-int4-sym', 'INT4 · g32 · compressed-tensors'],
  ['ct-int4-asym', 'INT4 · g32 · zero points · compressed-tensors'],
  ['ct-int4-channel', 'INT4 · per row · compressed-tensors'],
  ['ct-nvfp4', 'NVFP4'],
  ['ct-mxfp4', 'MXFP4 · even'],
  ['ct-fp8', 'FP8 per row'],
  ['fp8', 'FP8 per 128×128'],
])('a checkpoint of %s runs as it is: %s', async (name, called) => {
  const folder = `stored/${name}`;
  const files = await openModel(goldenFolder(folder, ['config.json', 'model.safetensors'], NO_TOKENIZER));
  const golden = await openGolden(`${folder}/logits`);
  const ids = [...(await golden.integers('input_ids'))];
  const config = effectiveConfig({ quant_type: 'none', compute_dtype: 'float32' }, files.stored_quant);
  expect(configName(config)).toBe(called);
  const got = await withModel(gpu, files, config, async (model) => {
    await reserve(model, ids.length, ids.length);
    forward(model, sequenceBatch(ids, 0));
    return readLogits(model, [...ids.keys()]);
  });
  const want = await golden.doubles('logits_float64');
  const tolerance = { atol: 1e-4 * Math.max(...want.map(Math.abs)), rtol: 0 };
  noteWorst(name, 'stored', maxError(got, want, tolerance).worst_ratio);
  const mismatch = compare(got, want, tolerance);
  expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
});
