import { afterAll, expect, it } from 'vitest';
import gpt2 from '../../public/configs/gpt2.json';
import llama from '../../public/configs/Llama-3.2-1B.json';
import qwen from '../../public/configs/Qwen2.5-0.5B.json';
import smol from '../../public/configs/SmolLM2-135M.json';
import { openGpu } from '../../src/gpu/device/device.ts';
import { ASKED_ROWS, configName, type QuantConfig } from '../../src/quant/config.ts';
import { parseConfig } from '../../src/model/config.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import { scoreWanted } from '../../src/model/logits.ts';
import { memoryNeed, type RunExtent } from '../../src/model/memory.ts';
import type { ModelConfig } from '../../src/model/model_config.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { standIn } from '../../src/model/stand_in.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** A model of that family, large enough that its numbers are mostly weights and small enough to be made often. */
const small = (json: unknown): ModelConfig => {
  const config = parseConfig(json);
  const grouped = config.num_key_value_heads < config.num_attention_heads;
  return {
    ...config,
    hidden_size: 256,
    intermediate_size: 256,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: grouped ? 2 : 4,
    head_dim: 64,
    vocab_size: 300,
    max_position_embeddings: 512,
  };
};

/**
 * Each format as the builder begins with it, and the knobs that change where bytes lie; calibrated ones lie as INT4 by
 * group does, once a run has made their layers.
 */
const CONFIGS: QuantConfig[] = [
  ...ASKED_ROWS.filter(({ quant_type, quantize }) => quant_type === 'none' || quantize).map(
    ({ quant_type, knobs, start }) => ({ ...knobs, ...start, quant_type }) as QuantConfig,
  ),
  { quant_type: 'nf4', blocksize: 32, double_quant: true, compute_dtype: 'float16' },
  {
    quant_type: 'nf4',
    blocksize: 64,
    double_quant: false,
    compute_dtype: 'float32',
    skip_modules: ['o_proj', 'c_proj'],
  },
  {
    quant_type: 'nf4',
    blocksize: 64,
    double_quant: true,
    compute_dtype: 'float32',
    skip_modules: ['o_proj'],
    by_layer: [
      { modules: ['down_proj', 'c_proj'], as: { quant_type: 'int8', granularity: 'row' } },
      { modules: ['v_proj'], as: { quant_type: 'fp4', blocksize: 64, double_quant: false } },
    ],
  },
  { quant_type: 'int8', granularity: 'tensor', compute_dtype: 'float32' },
  { quant_type: 'fp8', scaling: '128x128', compute_dtype: 'float32' },
  { quant_type: 'fp8', scaling: 'tensor', compute_dtype: 'float32' },
  { quant_type: 'gguf', gguf_type: 'Q8_0', compute_dtype: 'float32' },
  { quant_type: 'gguf', gguf_type: 'Q4_K', compute_dtype: 'float32' },
  { quant_type: 'int4_group', group_size: 32, symmetric: false, compute_dtype: 'float32' },
];

/** The most bytes that lay on the device while a model was loaded and asked, beyond those before it. */
async function measured(config: ModelConfig, quant: QuantConfig, { tokens, rows, wanted }: RunExtent) {
  const source = await standIn(config);
  const { allocated } = gpu;
  const before = (allocated.most = allocated.bytes);
  return withModel(gpu, source, quant, async (model) => {
    await reserve(model, tokens, tokens);
    forward(model, sequenceBatch([...Array(tokens).keys()], 0));
    const asked = Array.from({ length: wanted }, (_, i) => ({ row: i % rows, target: i }));
    await (
      await scoreWanted(model, asked)
    ).done;
    return { weights: model.weights.bytes, device: allocated.most - before };
  });
}

const FEW = CONFIGS.filter(({ quant_type }) =>
  ['none', 'nf4', 'llm_int8', 'gguf'].includes(quant_type),
).slice(0, 4);

it.each([
  ['SmolLM2', smol, CONFIGS],
  ['Qwen2.5', qwen, FEW],
  ['Llama 3.2', llama, FEW],
  ['GPT-2', gpt2, FEW],
] as const)('foresees what a %s takes on the device', async (_, json, configs) => {
  const config = small(json);
  const extent: RunExtent = { tokens: 80, slots: 80, rows: 30, wanted: 70, compares: false };
  for (const quant of configs) {
    const need = memoryNeed(config, quant, { element_bytes: 2 }, extent);
    const real = await measured(config, quant, extent);
    for (const part of ['weights', 'device'] as const) {
      expect(real[part], `${configName(quant)} ${part}`).toBeLessThanOrEqual(need[part]);
      expect(real[part], `${configName(quant)} ${part}`).toBeGreaterThanOrEqual(need[part] / 1.1);
    }
  }
});
