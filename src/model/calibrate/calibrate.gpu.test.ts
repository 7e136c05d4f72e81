import { afterAll, expect, test } from 'vitest';
import { editModel } from '../../../test/fixtures/edit_model.ts';
import { randomLlama } from '../../../test/fixtures/random_llama.ts';
import { openGpu } from '../../gpu/device/device.ts';
import type { CalibratedConfig, QuantConfig } from '../../quant/config.ts';
import { layerFormat } from '../../quant/layers.ts';
import { dequantize } from '../../quant/quantize.ts';
import { seededRandom } from '../../tensor/random.ts';
import type { FileSet } from '../../tensor/source.ts';
import { reserve } from '../forward.ts';
import type { MadeLayer } from '../loader.ts';
import { readLogits } from '../logits.ts';
import { openWeights } from '../open_model.ts';
import { forwardSequence } from '../sequence.ts';
import { withModel } from '../session.ts';
import type { Calibrator } from '../weights.ts';
import { openCalibrator } from './calibrator.ts';
import { withLayerErrors, type ModuleError } from './layer_errors.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

// As many heads of keys as of queries: then values are scaled, too.
const FILES = randomLlama({
  hidden_size: 64,
  intermediate_size: 96,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  head_dim: 32,
});
const random = seededRandom(5);
const sequences = [40, 40, 23].map((n) => Array.from({ length: n }, () => random.integer(211)));
const IDS = [0, 17, 3, 99, 210];
const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };

async function logitsOf(files: FileSet, config: QuantConfig, calibrator?: Calibrator): Promise<Float32Array> {
  return withModel(gpu, { ...(await openWeights(files)), calibrator }, config, async (model) => {
    await reserve(model, IDS.length, IDS.length);
    forwardSequence(model, IDS, 0);
    return readLogits(model, [...IDS.keys()]);
  });
}

/** A model's logits under a calibrated configuration, the layers that were made, and what each of them lost. */
async function calibrated(config: QuantConfig, kept?: Map<number, MadeLayer>) {
  const { checkpoint, config: shape } = await openWeights(FILES);
  const layers = new Map<number, MadeLayer>();
  const steps: number[] = [];
  const errors: ModuleError[] = [];
  const calibrator = openCalibrator(
    gpu,
    { checkpoint, config: shape },
    {
      config,
      sequences,
      onStep: (done, total) => Promise.resolve(void steps.push(done / total)),
      shelf: {
        read: (index) => Promise.resolve(kept?.get(index)),
        write: (index, made) => Promise.resolve(void layers.set(index, made)),
      },
    },
  );
  const measured = withLayerErrors(
    calibrator,
    gpu,
    { checkpoint, config: shape },
    {
      ...{ config, sequences },
      onStep: () => Promise.resolve(),
      onError: (error) => errors.push(error),
    },
  );
  return { logits: await logitsOf(FILES, config, measured), layers, steps, errors };
}

/** The same model in floats that are what its layers compute with, in the terms of the layers as they were. */
const asFloats = (layers: ReadonlyMap<number, MadeLayer>): Promise<FileSet> =>
  editModel(FILES, {
    tensors(tensors) {
      for (const { linears, scaled } of layers.values()) {
        for (const [name, quantized] of linears) {
          const { data, shape } = dequantize(quantized);
          const { inputs, rows } = scaled.get(name) ?? {};
          const back = data.map((w, i) => {
            const [row, column] = [Math.floor(i / shape[1]!), i % shape[1]!];
            return (w * (rows?.[row] ?? 1)) / (inputs?.[column] ?? 1);
          });
          tensors.set(`${name}.weight`, { dtype: 'F32', shape, bytes: new Uint8Array(back.buffer) });
        }
      }
    },
  });

const CALIBRATION = { text: 'samples', tokens: 64, seed: 0 };
const GPTQ = {
  quant_type: 'gptq',
  calibration: CALIBRATION,
  group_size: 32,
  symmetric: false,
  compute_dtype: 'float32',
  damp: 0.1,
} as const;

test.each<CalibratedConfig>([
  { ...GPTQ, desc_act: true },
  { ...GPTQ, group_size: -1, symmetric: true },
  { quant_type: 'awq', group_size: 32, calibration: CALIBRATION, compute_dtype: 'float32' },
])('a calibrated model computes with the weights that were made: %j', async (config) => {
  const { logits, layers, steps, errors } = await calibrated(config);
  expect(layers.size).toBe(2);
  const floats = await logitsOf(await asFloats(layers), FLOAT);
  logits.forEach((logit, i) => expect(Math.abs(logit - floats[i]!)).toBeLessThan(2e-3));
  // As steps go, they are told in order, and never beyond their end.
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(Math.max(...steps)).toBeLessThanOrEqual(1);
  expect(errors).toHaveLength(14);
  for (const { output_error, weight_error } of errors) {
    expect(output_error).toBeGreaterThan(0.005);
    expect(output_error).toBeLessThan(0.25);
    expect(weight_error).toBeLessThan(0.25);
  }
});

test('AWQ scales every input of a Llama whose heads have their own keys, and what stands before', async () => {
  const { layers } = await calibrated({
    quant_type: 'awq',
    group_size: 32,
    calibration: CALIBRATION,
    compute_dtype: 'float32',
  });
  const { scaled, divisors } = layers.get(0)!;
  expect([...divisors.keys()]).toEqual([
    'model.layers.0.input_layernorm.weight',
    'model.layers.0.post_attention_layernorm.weight',
  ]);
  const whole = [...scaled].filter(([, { inputs }]) => inputs).map(([name]) => name.split('.').at(-1));
  expect(whole).toEqual(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']);
  const rows = [...scaled].filter(([, each]) => each.rows).map(([name]) => name.split('.').at(-1));
  expect(rows).toEqual(['v_proj', 'up_proj']);
});

test.each<[QuantConfig, string[], string[]]>([
  [
    {
      ...{ quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
      by_layer: [
        { modules: ['q_proj', 'down_proj'], as: layerFormat(GPTQ) },
        { modules: ['up_proj'], as: layerFormat({ ...GPTQ, group_size: -1, desc_act: true }) },
      ],
    },
    ['q_proj', 'up_proj', 'down_proj'],
    [],
  ],
  [
    {
      ...{ quant_type: 'awq', group_size: 32, calibration: CALIBRATION, compute_dtype: 'float32' },
      by_layer: [{ modules: ['k_proj'], as: { quant_type: 'int8', granularity: 'row' } }],
    },
    ['q_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    // What k_proj reads is not scaled, since it would have to be scaled back there.
    ['model.layers.0.post_attention_layernorm.weight'],
  ],
])(
  'of a mix the layers that a text makes are made by it, others by themselves: %#',
  async (mix, made, divided) => {
    const { logits, layers, errors } = await calibrated(mix);
    const { linears, divisors } = layers.get(0)!;
    expect([...linears.keys()].map((name) => name.split('.').at(-1))).toEqual(made);
    expect([...divisors.keys()]).toEqual(divided);
    expect(errors).toHaveLength(14);
    const others: QuantConfig = {
      ...{ quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
      skip_modules: made,
    };
    const floats = await logitsOf(await asFloats(layers), others);
    logits.forEach((logit, i) => expect(Math.abs(logit - floats[i]!)).toBeLessThan(2e-3));
  },
);

test('a run that goes on takes the layers that were made, and computes the same', async () => {
  const first = await calibrated(GPTQ);
  const again = await calibrated(GPTQ, new Map([[0, first.layers.get(0)!]]));
  expect([...again.layers.keys()]).toEqual([1]);
  expect(again.logits).toEqual(first.logits);
});

test('GPTQ loses less of the outputs than plain rounding to the same steps', async () => {
  const { errors } = await calibrated({ ...GPTQ, symmetric: true });
  const { checkpoint, config: shape } = await openWeights(FILES);
  const config = {
    quant_type: 'int4_group',
    group_size: 32,
    symmetric: true,
    compute_dtype: 'float32',
  } as const;
  const rounded: ModuleError[] = [];
  await logitsOf(
    FILES,
    config,
    withLayerErrors(
      undefined,
      gpu,
      { checkpoint, config: shape },
      {
        ...{ config, sequences },
        onStep: () => Promise.resolve(),
        onError: (error) => rounded.push(error),
      },
    ),
  );
  const mean = (of: ModuleError[]) => of.reduce((sum, { output_error }) => sum + output_error, 0) / of.length;
  expect(mean(errors)).toBeLessThan(0.97 * mean(rounded));
});
