import { afterAll, describe, expect, it } from 'vitest';
import { chainModel } from '../../test/fixtures/chain_model.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import { openModel } from './open_model.ts';
import { languageModel, withModel } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT = { quant_type: 'none', compute_dtype: 'float32' } as const;
const { tokenizer } = await openModel(randomLlama());
const [id, letters] = [(letter: string) => tokenizer.encode(letter)[0]!, 'abcde'];

/** After a comes b, and so on up to e, then a again; nearly as likely is the letter after the next. */
function score(from: number, to: number): number {
  const place = letters.indexOf(tokenizer.decode([from]));
  if (place < 0 || from === 0) return 0;
  if (to === id(letters[(place + 1) % 5]!)) return 2;
  return to === id(letters[(place + 2) % 5]!) ? 1.75 : 0.25;
}

async function generate(
  generation: Record<string, unknown> | undefined,
  { config = {}, context = 'ea' }: { config?: Record<string, unknown>; context?: string } = {},
): Promise<{ text: string; tokens: number }> {
  const files = generation ? { 'generation_config.json': generation } : {};
  const opened = await openModel(await chainModel(score, { config, files }));
  return withModel(gpu, opened, FLOAT, (model) =>
    languageModel(model, opened.tokenizer, opened.generation).generateUntil(context, {
      until: [],
      max_gen_toks: 7,
    }),
  );
}

// After "ea"; each answer follows from the chain by hand.
describe('greedy text of a chain', () => {
  it.each([
    ['without the file', undefined, 'bcdeabc'],
    ['with settings of sampling', { do_sample: true, temperature: 0.1, top_k: 3 }, 'bcdeabc'],
    ['an end', { eos_token_id: id('d') }, 'bcd'],
    ['the first of two ends', { eos_token_id: [id('e'), id('c')] }, 'bc'],
    ['a small penalty', { repetition_penalty: 1.0625 }, 'bcdeabc'],
    ['no pair twice', { no_repeat_ngram_size: 2 }, 'bcdebda'],
    ['suppressed', { suppress_tokens: [id('c')] }, 'bdeabde'],
    ['suppressed first', { begin_suppress_tokens: [id('b')] }, 'cdeabcd'],
    ['a bad word', { bad_words_ids: [[id('b'), id('c')]] }, 'bdeabde'],
    ['no end before', { eos_token_id: id('c'), min_new_tokens: 3 }, 'bdeabc'],
    ['a length of its own', { max_new_tokens: 3 }, 'bcd'],
  ])('%s', async (_, generation, text) => {
    expect((await generate(generation)).text).toBe(text);
  });

  it('a penalty, for what the prompt holds, too', async () => {
    expect((await generate({ repetition_penalty: 1.5 }, { context: 'ca' })).text).toBe('bdeabcd');
    expect((await generate({ repetition_penalty: 1.0 }, { context: 'ca' })).text).toBe('bcdeabc');
  });

  it("ends by generation_config.json, not config.json's ids", async () => {
    const config = { eos_token_id: id('c') };
    expect((await generate(undefined, { config })).text).toBe('bc');
    expect((await generate({ eos_token_id: id('d') }, { config })).text).toBe('bcd');
    expect((await generate({}, { config })).text).toBe('bcdeabc');
  });

  it('is refused where more than greedy text is asked for, with a warning before', async () => {
    const files = { 'generation_config.json': { num_beams: 4 } };
    const { warnings } = await openModel(await chainModel(score, { files }));
    const said = 'generation_config.json says num_beams: 4; Nibble generates greedily, without that';
    expect(warnings).toEqual([said]);
    await expect(generate({ num_beams: 4 })).rejects.toMatchObject({
      code: 'unsupported-architecture',
      message: `${said}.`,
    });
  });
});
