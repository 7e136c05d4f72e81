import { afterAll, expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu, type Gpu } from '../gpu/device/device.ts';
import { compare } from '../tensor/compare.ts';
import { reserve, type Model } from './forward.ts';
import { readLogits } from './logits.ts';
import { openModel } from './open_model.ts';
import { forwardSequence } from './sequence.ts';
import { withModel } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** The same device under the forms of kernels that an adapter of some kind is given. */
const as = (architecture: string): Gpu => ({
  ...gpu,
  adapter: { ...gpu.adapter, architecture, device: '', description: '' },
});

const ids = Array.from({ length: 70 }, (_, i) => (i * 37) % 211);

/** Logits behind a context, and behind a step of decoding after it. */
const logits = async (gpu: Gpu): Promise<Float32Array[]> =>
  withModel(
    gpu,
    await openModel(randomLlama()),
    { quant_type: 'none', compute_dtype: 'float32' },
    async (model) => {
      await reserve(model, ids.length, ids.length + 1);
      const row = forwardSequence(model, ids, 0);
      const context = await readLogits(model, [row]);
      forwardSequence(model, [5], ids.length, 'decode');
      return [context, await readLogits(model, [0], 'decode')];
    },
  );

it('the forms for GPUs and for adapters that compute on the CPU come to the same logits', async () => {
  const [software, hardware] = [await logits(as('swiftshader')), await logits(as('made-up'))];
  hardware.forEach((got, i) => {
    expect(compare(got, software[i]!, { atol: 2e-5, rtol: 2e-5 })).toBeUndefined();
  });
});

/** Dispatches of a block in a step of decoding. */
async function dispatchesOfABlock(gpu: Gpu, before: number): Promise<number> {
  const files = await openModel(randomLlama());
  return withModel(gpu, files, { quant_type: 'none', compute_dtype: 'float32' }, async (model) => {
    await reserve(model, 1, before + 1);
    let dispatches = 0;
    const { commands } = model;
    const dispatch: Model['commands']['dispatch'] = (...call) => {
      dispatches++;
      commands.dispatch(...call);
    };
    forwardSequence({ ...model, commands: { ...commands, dispatch } }, [5], before, 'decode');
    // One brings the token's embedding.
    return (dispatches - 1) / files.config.num_hidden_layers;
  });
}

it('a block of Llama takes six dispatches to decode a token, and one more to merge splits', async () => {
  // Norm and q, k, v; turns; attention; o; norm, gate, up and activation; down.
  expect(await dispatchesOfABlock(as('made-up'), 40)).toBe(6);
  expect(await dispatchesOfABlock(as('made-up'), 80)).toBe(7);
  // On an adapter that computes on the CPU, where each lane would normalize for itself, the norms come first.
  expect(await dispatchesOfABlock(as('swiftshader'), 80)).toBe(8);
});
