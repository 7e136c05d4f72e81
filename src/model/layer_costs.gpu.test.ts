import { afterAll, expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { LayerFormat, QuantConfig } from '../quant/config.ts';
import { reserve } from './forward.ts';
import { layerCosts } from './layer_costs.ts';
import { readLogits } from './logits.ts';
import { linearModules } from './modules.ts';
import { openWeights } from './open_model.ts';
import { forwardSequence } from './sequence.ts';
import { withModel } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const NF4: LayerFormat = { quant_type: 'nf4', blocksize: 64, double_quant: false };
const FORMATS: LayerFormat[] = [NF4, { quant_type: 'gguf', gguf_type: 'Q4_K' }];
const ids = [0, 17, 3, 99, 210, 5, 44];

it('is what a model loses whose one layer is quantized, and the model is the same again', async () => {
  const model = { ...(await openWeights(randomLlama())), adapter: undefined };
  const steps: string[] = [];
  const measure = () =>
    layerCosts(gpu, model, {
      formats: FORMATS,
      sequences: [ids],
      onStep: (done, total, module) => Promise.resolve(void steps.push(`${done}/${total} ${module}`)),
    });
  const costs = await measure();
  const modules = linearModules(model.config, model.checkpoint);
  expect(costs.layers.map(({ module }) => module)).toEqual(modules.map(({ name }) => name));
  expect(steps.at(-1)).toBe(`${modules.length}/${modules.length} `);
  expect(costs.tokens).toBe(ids.length - 1);
  // Rows that are no multiple of 256.
  expect(costs.layers[0]!.costs[1]).toBeUndefined();

  const float = await logitsUnder({ quant_type: 'none', compute_dtype: 'float32' });
  for (const at of [0, 5, modules.length - 1]) {
    const { name } = modules[at]!;
    const others = modules.filter((module) => module.name !== name).map((module) => module.name);
    const one = { ...NF4, compute_dtype: 'float32', skip_modules: others } as QuantConfig;
    const kl = meanDivergence(float, await logitsUnder(one));
    expect(kl).toBeGreaterThan(0);
    expect(Math.abs(costs.layers[at]!.costs[0]!.kl - kl)).toBeLessThan(1e-4 * kl + 1e-7);
  }
  expect(await measure()).toEqual(costs);

  function logitsUnder(config: QuantConfig): Promise<Float32Array[]> {
    return withModel(gpu, model, config, async (ready) => {
      await reserve(ready, ids.length, ids.length);
      forwardSequence(ready, ids, 0);
      const rows = [...Array(ids.length - 1).keys()];
      const logits = await readLogits(ready, rows);
      const V = logits.length / rows.length;
      return rows.map((row) => logits.slice(row * V, (row + 1) * V));
    });
  }
});

function meanDivergence(base: readonly Float32Array[], other: readonly Float32Array[]): number {
  const kls = base.map((logits, row) => {
    const [p, q] = [logSoftmax(logits), logSoftmax(other[row]!)];
    return p.reduce((sum, logP, i) => sum + Math.exp(logP) * (logP - q[i]!), 0);
  });
  return kls.reduce((a, b) => a + b, 0) / kls.length;
}

function logSoftmax(logits: Float32Array): number[] {
  const values = [...logits];
  const peak = Math.max(...values);
  const mass = Math.log(values.reduce((sum, value) => sum + Math.exp(value - peak), 0));
  return values.map((value) => value - peak - mass);
}
