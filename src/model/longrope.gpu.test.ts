import { afterAll, describe, expect, it } from 'vitest';
import { NO_TOKENIZER, goldenFolder, openGolden } from '../../test/fixtures/golden_files.ts';
import { openGpu } from '../gpu/device/device.ts';
import { causalLanguageModel } from './causal_lm.ts';
import { openModel } from './open_model.ts';
import { withModel } from './session.ts';
import type { LanguageModel } from './language_model.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

/** Words are ids as they are written. */
const written = {
  encode: (text: string) => text.split(' ').filter(Boolean).map(Number),
  decode: (ids: readonly number[]) => ids.map((id) => ` ${id}`).join(''),
  prefix_token_id: 0,
  eos: undefined,
} as unknown as Tokenizer;
const text = (ids: Iterable<number>) => [...ids].join(' ');

async function ask<T>(name: string, use: (model: LanguageModel) => Promise<T>): Promise<T> {
  const files = await openModel(
    goldenFolder(`models/${name}`, ['config.json', 'model.safetensors'], NO_TOKENIZER),
  );
  return withModel(gpu, files, { quant_type: 'none', compute_dtype: 'float32' }, (model) =>
    use(causalLanguageModel(model, written)),
  );
}

// Sequences of more than 12 tokens turn by other factors. Phi-3 then computes its keys anew, others keep those they have.
describe.each(['phi3.5', 'llama-longrope'])('%s', (name) => {
  it('generates beyond the length of its short factors as generate() does', async () => {
    const golden = await openGolden(`models/${name}/logits`);
    const ids = await golden.integers('input_ids');
    const made = await ask(name, (model) =>
      model.generateUntil(text(ids.slice(0, 8)), { until: [], max_gen_toks: 10 }),
    );
    expect(made.text.trim()).toBe(text(await golden.integers('generated')));
  });

  it('scores each continuation by its own length, whatever stands beside it', async () => {
    const golden = await openGolden(`models/${name}/logits`);
    const ids = [...(await golden.integers('input_ids'))];
    const want = await golden.doubles('continued');
    // Out of order, so that short and long ones alternate.
    const lengths = [6, 1, 4, 2, 5, 3];
    const continuations = lengths.map((n) => ` ${text(ids.slice(10, 10 + n))}`);
    const together = await ask(name, (model) => model.loglikelihood(text(ids.slice(0, 10)), continuations));
    together.forEach(({ logprob, tokens }, i) => {
      expect(tokens).toBe(lengths[i]);
      expect(logprob).toBeCloseTo(want[lengths[i]! - 1]!, 4);
    });
    await ask(name, async (model) => {
      for (const [i, one] of continuations.entries()) {
        const [alone] = await model.loglikelihood(text(ids.slice(0, 10)), [one]);
        expect(alone!.logprob).toBeCloseTo(together[i]!.logprob, 4);
      }
    });
  });
});
