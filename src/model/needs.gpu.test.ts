import { afterAll, expect, it } from 'vitest';
import { NO_TOKENIZER, goldenFolder } from '../../test/fixtures/golden_files.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { checksFor } from '../gpu/check.ts';
import { openGpu, type Gpu } from '../gpu/device/device.ts';
import { pipelineKey } from '../gpu/device/kernel.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import type { QuantConfig } from '../quant/config.ts';
import { reserve, type Model } from './forward.ts';
import { greedyToken, readLogits, scoreWanted } from './logits.ts';
import { needsOf } from './needs.ts';
import { openModel, type ModelFiles } from './open_model.ts';
import { forwardSequence } from './sequence.ts';
import { withModel } from './session.ts';
import { effectiveConfig } from './stored_quant.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const golden = (folder: string, adapter?: string): Promise<ModelFiles> =>
  openModel(
    goldenFolder(folder, ['config.json', 'model.safetensors'], NO_TOKENIZER),
    adapter === undefined
      ? undefined
      : goldenFolder(adapter, ['adapter_config.json', 'adapter_model.safetensors']),
  );
const random = (): Promise<ModelFiles> => openModel(randomLlama());

/** The same device, and the keys of the pipelines it is asked for. */
function watched(gpu: Gpu): { gpu: Gpu; asked: Set<string> } {
  const asked = new Set<string>();
  const get = (key: string) => {
    asked.add(key);
    return gpu.pipelines.get(key);
  };
  const pipelines = { get, set: gpu.pipelines.set.bind(gpu.pipelines) } as unknown as Gpu['pipelines'];
  return { gpu: { ...gpu, pipelines }, asked };
}

/** Passes of two sizes, and what a text that is scored asks of a model after one. */
async function score(model: Model): Promise<void> {
  for (const tokens of [1, 5]) {
    const positions = Array.from({ length: tokens }, (_, i) => i);
    await reserve(model, tokens, tokens);
    forwardSequence(model, positions, 0);
    await readLogits(model, positions);
    const wanted = positions.map((row) => ({ row, target: 1 }));
    await (
      await scoreWanted(model, wanted)
    ).done;
  }
}

/** Tokens behind a few others and behind many, and the choice of the next. */
async function decode(model: Model): Promise<void> {
  await reserve(model, 1, 100);
  for (const before of [1, 90]) forwardSequence(model, [1], before, 'decode');
  await greedyToken(model, 0);
}

/** Uses a model on a device, and expects that all it asked for is checked before a run that does the same. */
async function expectChecked(gpu: Gpu, files: ModelFiles, config: QuantConfig): Promise<Set<string>> {
  const { gpu: own, asked } = watched(gpu);
  const unchecked = (phases: readonly Phase[]): string[] => {
    const checked = checksFor(needsOf(own, files, [config], phases)).map(({ kernel, kase }) =>
      pipelineKey(kernel, kase.overrides ?? {}),
    );
    return [...asked].filter((key) => !checked.includes(key));
  };
  await withModel(own, files, effectiveConfig(config, files.stored_quant), async (model) => {
    await score(model);
    expect(unchecked(['prefill'])).toEqual([]);
    await decode(model);
    expect(unchecked(['prefill', 'decode'])).toEqual([]);
  });
  return asked;
}

/** The same device under the forms of kernels that a GPU is given. */
const hardware = (gpu: Gpu): Gpu => ({
  ...gpu,
  adapter: { ...gpu.adapter, architecture: 'made-up', device: '', description: '' },
});

const nf4 = { quant_type: 'nf4', blocksize: 64 } as const;
const int8 = { quant_type: 'int8', granularity: 'row' } as const;
const llm_int8 = { quant_type: 'llm_int8', llm_int8_threshold: 6 } as const;
const none = { quant_type: 'none' } as const;

it.each<[string, () => Promise<ModelFiles>, QuantConfig]>([
  ['float32 on a Llama', random, { ...none, compute_dtype: 'float32' }],
  ['bfloat16 on a GPT-2', () => golden('models/gpt2'), { ...none, compute_dtype: 'bfloat16' }],
  ['NF4', random, { ...nf4, double_quant: false, compute_dtype: 'float32' }],
  ['double quant and float16', random, { ...nf4, double_quant: true, compute_dtype: 'float16' }],
  [
    'a layer that is left as it is stored',
    random,
    { ...nf4, double_quant: false, compute_dtype: 'float16', skip_modules: ['down_proj'] },
  ],
  ['INT8', random, { ...int8, compute_dtype: 'float16' }],
  ['LLM.int8()', random, { ...llm_int8, compute_dtype: 'float16' }],
  [
    'a LoRA adapter',
    () => golden('models/llama', 'adapters/llama-lora'),
    { ...none, compute_dtype: 'bfloat16' },
  ],
  ['a checkpoint in NF4', () => golden('checkpoints/llama-nf4-dq'), { ...none, compute_dtype: 'float16' }],
  [
    'a checkpoint in LLM.int8()',
    () => golden('checkpoints/llama-llm-int8'),
    { ...none, compute_dtype: 'float16' },
  ],
])('the check covers every pipeline of %s', async (_, open, config) => {
  const asked = await expectChecked(gpu, await open(), config);
  expect(asked.size).toBeGreaterThan(10);
});

it.each<[string, QuantConfig]>([
  ['float32', { ...none, compute_dtype: 'float32' }],
  ['LLM.int8()', { ...llm_int8, compute_dtype: 'float16' }],
])('the check covers the forms that a GPU is given: %s', async (_, config) => {
  const asked = await expectChecked(hardware(gpu), await random(), config);
  expect([...asked].join()).toMatch(/attention_split.*attention_merge/);
});
