import { expect, it } from 'vitest';
import { openGpu } from '../gpu/device.ts';
import { makeModel, forward, reserve } from './forward.ts';
import { readLogits } from './logits.ts';
import { openModel } from './open_model.ts';
import { loadWeights } from './weights.ts';
import { causalLanguageModel } from './causal_lm.ts';
import { diskFiles } from '../cli/disk.ts';
import { readFileSync } from 'node:fs';

const gpu = await openGpu(navigator.gpu);
it('stories', async () => {
  const dir = '/work/shared/data/models/stories260K';
  const { checkpoint, config, tokenizer } = await openModel(await diskFiles(dir));
  const ref = JSON.parse(readFileSync(dir + '/reference.json', 'utf8'));
  console.log(Object.keys(ref));
  for (const quant of [
    { quant_type: 'none', compute_dtype: 'float32' },
    { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
    { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
  ] as const) {
    const weights = await loadWeights(gpu, checkpoint, config, quant);
    const model = makeModel(gpu, config, weights, quant);
    await reserve(model, ref.ids.length, ref.ids.length);
    forward(model, {
      ids: ref.ids,
      positions: ref.ids.map((_: number, i: number) => i),
      spans: ref.ids.map((_: number, i: number) => [0, 0, 0, i + 1]),
      first_slot: 0,
    });
    const logits = await readLogits(model, [ref.ids.length - 1]);
    let worst = 0;
    ref.logits_last_f64.forEach((v: number, i: number) => {
      worst = Math.max(worst, Math.abs(v - logits[i]!) / Math.abs(v));
    });
    console.log(quant.quant_type, weights.bytes, 'worst relative', worst);
    const lm = causalLanguageModel(model, tokenizer);
    const t0 = performance.now();
    console.log(
      await lm.generateUntil('Once upon a time', { until: ['\n'], max_gen_toks: 40 }),
      performance.now() - t0,
    );
    console.log(await lm.loglikelihood('Once upon a', [' time', ' dog', ' little girl']));
    console.log(
      await lm.loglikelihoodRolling(
        'Once upon a time, there was a little girl named Lily. She loved to play.',
      ),
    );
  }
}, 60000);
