import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskModel } from '../../src/cli/disk.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { forward, reserve, type Model } from '../../src/model/forward.ts';
import { greedyToken, readLogits } from '../../src/model/logits.ts';
import { openModel, type ModelFiles } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { dequantize, quantize } from '../../src/quant/quantize.ts';
import { compare, formatMismatch } from '../../src/tensor/compare.ts';
import { dataFolder } from '../fixtures/data_folder.ts';
import { referenceLogits } from '../fixtures/llama_reference.ts';

const data = dataFolder();

/** A trained Llama of 260,032 parameters; its reference was computed in float64 outside this project. */
const folder = join(data ?? '', 'models/stories260K');
const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

interface Reference {
  ids: number[];
  logits_last_f64: number[];
  greedy_ids: number[];
}
const readReference = async () =>
  JSON.parse(await readFile(join(folder, 'reference.json'), 'utf8')) as Reference;

async function withStories(
  config: QuantConfig,
  use: (opened: { files: ModelFiles; model: Model }) => Promise<void>,
): Promise<void> {
  const files = await openModel(await diskModel(folder));
  await withModel(gpu, files, config, (model) => use({ files, model }));
}

describe.skipIf(!data)('stories260K (needs models/ in $NIBBLE_DATA)', () => {
  const float32: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };

  it('has the logits of the float64 reference to 1e-4', async () => {
    const { ids, logits_last_f64 } = await readReference();
    await withStories(float32, async ({ files, model }) => {
      await reserve(model, ids.length, ids.length);
      forward(model, sequenceBatch(ids, 0));
      const logits = await readLogits(model, [ids.length - 1]);
      const mismatch = compare(logits, logits_last_f64, { atol: 0, rtol: 1e-4 });
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
      // Our own plain forward pass, the oracle of the other tests, agrees with it far closer.
      const plain = await referenceLogits(files.checkpoint, files.config, ids);
      expect(compare(plain.at(-1)!, logits_last_f64, { atol: 1e-6, rtol: 1e-5 })).toBeUndefined();
    });
  });

  it('has its greedy ids exactly', async () => {
    const { greedy_ids } = await readReference();
    await withStories(float32, async ({ model }) => {
      await reserve(model, 1, greedy_ids.length);
      // The reference starts from BOS alone.
      const made = greedy_ids.slice(0, 1);
      while (made.length < greedy_ids.length) {
        forward(model, sequenceBatch(made.slice(-1), made.length - 1));
        made.push(await greedyToken(model, 0));
      }
      expect(made).toEqual(greedy_ids);
    });
  });

  it.each<QuantConfig>([
    { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
    { quant_type: 'fp4', blocksize: 128, double_quant: false, compute_dtype: 'float32' },
    { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
  ])('computes $quant_type as its dequantized weights in float64 do', async (config) => {
    const { ids } = await readReference();
    await withStories(config, async ({ files, model }) => {
      await reserve(model, ids.length, ids.length);
      forward(model, sequenceBatch(ids, 0));
      const logits = await readLogits(model, [...ids.keys()]);
      const treat = (w: Parameters<typeof quantize>[0]) => dequantize(quantize(w, config as never));
      const plain = await referenceLogits(files.checkpoint, files.config, ids, treat);
      const mismatch = compare(
        logits,
        plain.flatMap((row) => [...row]),
        { atol: 1e-4, rtol: 1e-4 },
      );
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
    });
  });
});
