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

it.each([NF4, { ...NF4, double_quant: true }])(
  'layers of one input of a checkpoint that was quantized lie in one matrix, as those quantized here do: %j',
  async (config) => {
    // Layers end where blocks end.
    const whole = { hidden_size: 64, head_dim: 32, intermediate_size: 128 };
    const decoded = async (files: FileSet, quant: QuantConfig) => {
      const opened = await openWeights(files);
      return withModel(gpu, opened, effectiveConfig(quant, opened.stored_quant), async (model) => {
        const { q, k, v, gate, up } = model.weights.layers[1]!.linears;
        expect(new Set([q, k, v].map((one) => one!.linear)).size).toBe(1);
        expect(gate!.linear).toBe(up!.linear);
        await reserve(model, 5, 5);
        return readLogits(model, [forwardSequence(model, [0, 17, 3], 0)], 'decode');
      });
    };
    const stored = await savedModel(randomLlama(whole), config);
    const logits = await decoded(stored, { quant_type: 'none', compute_dtype: 'float32' });
    expect(logits).toEqual(await decoded(randomLlama(whole), config));
  },
);

const INT8 = { quant_type: 'int8', granularity: 'row' } as const;
const AS_NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false } as const;

it.each<[string, QuantConfig, QuantConfig]>([
  [
    'layers left as they are, said either way',
    { ...NF4, skip_modules },
    { ...NF4, by_layer: [{ modules: skip_modules, as: { quant_type: 'none' } }] },
  ],
  [
    'one format with exceptions, and the other with the rest',
    { ...NF4, by_layer: [{ modules: ['down_proj', 'model.layers.0.mlp'], as: INT8 }] },
    {
      ...INT8,
      compute_dtype: 'float32',
      by_layer: [
        { modules: ['self_attn'], as: AS_NF4 },
        { modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'], as: AS_NF4 },
        { modules: ['model.layers.1.mlp.gate_proj', 'model.layers.1.mlp.up_proj'], as: AS_NF4 },
      ],
    },
  ],
  [
    'of two lines that name a layer, the first',
    { ...NF4, by_layer: [{ modules: ['down_proj'], as: INT8 }] },
    {
      ...NF4,
      by_layer: [
        { modules: ['down_proj'], as: INT8 },
        { modules: ['down_proj', 'model.layers.0.mlp.down_proj'], as: { quant_type: 'none' } },
      ],
    },
  ],
])('formats by layer: %s', async (_, a, b) => {
  const [one, other, plain] = [
    await measure(randomLlama(), a),
    await measure(randomLlama(), b),
    await measure(randomLlama(), NF4),
  ];
  expect(one.logits).toEqual(other.logits);
  expect(one.logits).not.toEqual(plain.logits);
  expect(one.linear_bytes).toBeGreaterThan(plain.linear_bytes);
});

it('reports no outliers of inputs that only unquantized layers read', async () => {
  const { outliers } = await measure(randomLlama(), { ...LLM_INT8, skip_modules });
  expect(outliers.map(({ layer, input }) => `${layer} ${input}`)).toEqual([
    '0 attention',
    '0 output',
    '0 mlp',
    '1 mlp',
  ]);
});
