import { afterAll, describe, expect, it } from 'vitest';
import { openGpu } from '../../src/gpu/device/device.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import { readLogits } from '../../src/model/logits.ts';
import { modelFolder } from '../../src/model/model_folder.ts';
import { openModel } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { effectiveConfig } from '../../src/model/stored_quant.ts';
import { configName } from '../../src/quant/config.ts';
import { compare, formatMismatch } from '../../src/tensor/compare.ts';
import { goldenFolder, openGolden } from '../fixtures/golden_files.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const open = async (name: string) => openModel(await modelFolder(goldenFolder('gguf', [`${name}.gguf`])));

/** Each file of test/golden/gguf, and the logits that hold for it. */
const FILES = [
  ['llama', 'models/llama/logits'],
  ['qwen2-dynamic', 'models/qwen2-dynamic/logits'],
  ['qwen3-window', 'gguf/qwen3-window'],
  ['gemma', 'models/gemma/logits'],
  ['gemma2', 'gguf/gemma2'],
  ['gemma3', 'gguf/gemma3'],
  ['phi3', 'models/phi3/logits'],
  ['phi3.5', 'models/phi3.5/logits'],
  ['gpt2', 'gguf/gpt2'],
  ['starcoder2', 'gguf/starcoder2'],
  ['stablelm', 'models/stablelm/logits'],
  ['olmo2', 'models/olmo2/logits'],
] as const;

async function logitsOf(name: string, golden: string) {
  const files = await open(name);
  const held = await openGolden(golden);
  const ids = [...(await held.integers('input_ids'))];
  const config = effectiveConfig({ quant_type: 'none', compute_dtype: 'float32' }, files.stored_quant);
  const got = await withModel(gpu, files, config, async (model) => {
    await reserve(model, ids.length, ids.length);
    forward(model, sequenceBatch(ids, 0));
    return readLogits(model, [...ids.keys()]);
  });
  return { got, want: await held.doubles('logits_float64'), config, files };
}

describe('a GGUF file', () => {
  it.each(FILES)('of %s computes what its model does', async (name, golden) => {
    const { got, want } = await logitsOf(name, golden);
    const mismatch = compare(got, want, { atol: 1e-4 * Math.max(...want.map(Math.abs)), rtol: 0 });
    expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
  });

  it('of every type of block computes with what gguf-py dequantizes', async () => {
    const { got, want, config } = await logitsOf('types', 'gguf/types');
    expect(configName(config)).toBe('Q6_K');
    const mismatch = compare(got, want, { atol: 1e-4 * Math.max(...want.map(Math.abs)), rtol: 0 });
    expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
  });
});
