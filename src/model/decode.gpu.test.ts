import { afterAll, describe, expect, it } from 'vitest';
import { countedGpu } from '../../test/fixtures/counted_gpu.ts';
import { goldenFolder, NO_TOKENIZER } from '../../test/fixtures/golden_files.ts';
import { normedBehind } from '../../test/fixtures/made_up_families.ts';
import { randomLlama, randomModel } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { greedyIds } from './decode.ts';
import type { Model } from './forward.ts';
import { generatedIds } from './generated_ids.ts';
import { openModel, openWeights } from './open_model.ts';
import { withModel, type ModelSource } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const NF4: QuantConfig = { quant_type: 'nf4', blocksize: 64, double_quant: true, compute_dtype: 'float32' };

async function listed(ids: AsyncIterable<number>, stopAfter = Infinity): Promise<number[]> {
  const all: number[] = [];
  for await (const id of ids) {
    all.push(id);
    if (all.length === stopAfter) break;
  }
  return all;
}

const of = (name: string) => () =>
  openWeights(goldenFolder(`models/${name}`, ['config.json', 'model.safetensors'], NO_TOKENIZER));

// Windows, turns of two kinds, learned positions from 0 and from 2, factors, heads of another dtype.
describe.each<[string, () => Promise<ModelSource>, QuantConfig]>([
  ['a llama', () => openModel(randomLlama()), NF4],
  ['blocks of two windows', () => randomModel(normedBehind), FLOAT],
  ['gpt2', of('gpt2'), NF4],
  ['opt', of('opt'), FLOAT],
  ['gemma3', of('gemma3'), FLOAT],
  ['gptj', of('gptj'), FLOAT],
  ['granite', of('granite'), NF4],
])('%s', (_, open, config) => {
  it('generates on the device what it does token by token, however many are under way', async () => {
    await withModel(gpu, await open(), config, async (model: Model) => {
      const prompt = [3, 17, 4, 9, 12];
      // A processor that changes nothing brings each token to the CPU.
      const expected = await listed(generatedIds(model, prompt, 14, [() => undefined]));
      const before = model.tokens;
      // Slow, in between, and so fast that several are under way while the last are read.
      for (const token_ms of [undefined, 9, 0.01]) {
        model.token_ms = token_ms;
        expect(await listed(greedyIds(model, prompt, 14))).toEqual(expected);
      }
      expect(model.tokens - before).toBe(3 * (prompt.length + 13));
      // Who stops early leaves nothing behind.
      model.token_ms = 0.01;
      expect(await listed(greedyIds(model, prompt, 14), 5)).toEqual(expected.slice(0, 5));
      expect(await listed(greedyIds(model, prompt, 14))).toEqual(expected);
      expect(await listed(greedyIds(model, prompt, 1))).toEqual(expected.slice(0, 1));
    });
  });
});

it('makes nothing anew for a token, writes and reads a few bytes, and hands over eight at a time', async () => {
  const { gpu: own, counted } = countedGpu(gpu);
  await withModel(own, await openModel(randomLlama()), NF4, async (model) => {
    // As fast as a GPU that is worth eight tokens a submit, whatever this one is.
    Object.defineProperty(model, 'token_ms', { get: () => 0.01, set: () => undefined });
    const generate = (most: number) => () => listed(greedyIds(model, [3, 17, 4], most));
    // What a shape of pass needs is made by the first of it.
    await generate(64)();
    const [short, long] = [await counted(generate(32)), await counted(generate(64))];
    const more = (name: keyof typeof short) => long[name] - short[name];
    for (const counts of [short, long])
      expect(counts).toMatchObject({ buffers: 0, bind_groups: 0, layouts: 0 });
    // 32 tokens more.
    expect(more('submits')).toBeLessThanOrEqual(2 * 4);
    expect(more('writes')).toBeLessThanOrEqual(4);
    expect(more('bytes_read')).toBe(4 * 32);
    expect(more('dispatches')).toBeLessThanOrEqual(32 * (2 * 12 + 7));
  });
});
