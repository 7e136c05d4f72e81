import { afterAll, expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { forward, reserve, type Model } from './forward.ts';
import { headBands } from './head_logits.ts';
import type { TracedToken } from './language_model.ts';
import { readLogits, scoreWanted } from './logits.ts';
import { openModel } from './open_model.ts';
import { sequenceBatch } from './sequence.ts';
import { withModel } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const NF4: QuantConfig = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' };

/** Three strips of a vocabulary, the last one short, and a target in each. */
const FILES = randomLlama({ vocab_size: 1300 });
const IDS = [0, 17, 3, 99, 1210];
const TARGETS = [5, 511, 512, 1100, 1299];

/** All that comes of the head for IDS, and how many bands it came in. */
async function answersOf(model: Model, states: Float32Array<ArrayBuffer>) {
  await reserve(model, IDS.length, IDS.length);
  forward(model, sequenceBatch(IDS, 0));
  const wanted = TARGETS.map((target, row) => ({ row, target }));
  const tokens: TracedToken[] = [];
  const report = (token: TracedToken) => void tokens.push(token);
  const compared = { kind: 'compare', head_dtype: 'float32', next: () => states, report } as const;
  return {
    bands: headBands(model, IDS.length).length,
    scored: await (await scoreWanted(model, wanted)).done,
    followed: await (await scoreWanted(model, wanted, compared)).done,
    tokens,
    logits: await readLogits(model, [...IDS.keys()]),
  };
}

it('a vocabulary in bands comes to the bits of one at a time: scores, logits, and a comparison', async () => {
  const files = await openModel(FILES);
  const states = await withModel(gpu, files, FLOAT, async (model) => {
    const kept: Float32Array<ArrayBuffer>[] = [];
    await reserve(model, IDS.length, IDS.length);
    forward(model, sequenceBatch(IDS, 0));
    const wanted = TARGETS.map((target, row) => ({ row, target }));
    await scoreWanted(model, wanted, { kind: 'keep', keep: (some) => void kept.push(some) });
    return kept[0]!;
  });
  await withModel(gpu, files, NF4, async (model) => {
    const { bands, ...whole } = await answersOf(model, states);
    expect(bands).toBe(1);
    // A device so slow that a strip is a submit's work.
    model.pace = { work_per_submit: 1, begin: () => () => undefined };
    const { bands: strips, ...apart } = await answersOf(model, states);
    expect(strips).toBe(3);
    expect(apart).toEqual(whole);
    expect(whole.scored).toEqual(whole.followed);
    expect(new Set(whole.scored.map(({ best }) => Math.floor(best / 512))).size).toBeGreaterThan(1);
    expect(whole.tokens.every(({ kl }) => kl > 0)).toBe(true);
    expect(model.aside_seconds).toBeGreaterThan(0);
  });
});
