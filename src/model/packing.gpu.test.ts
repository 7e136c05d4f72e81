import { afterAll, describe, expect, it } from 'vitest';
import { countedGpu } from '../../test/fixtures/counted_gpu.ts';
import { goldenFolder, NO_TOKENIZER } from '../../test/fixtures/golden_files.ts';
import { normedBehind } from '../../test/fixtures/made_up_families.ts';
import { randomLlama, randomModel } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { seededRandom } from '../tensor/random.ts';
import { causalLanguageModel } from './causal_lm.ts';
import type { LanguageModel, Loglikelihood } from './language_model.ts';
import { openModel, openWeights } from './open_model.ts';
import { withModel, type ModelSource } from './session.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const NF4: QuantConfig = { quant_type: 'nf4', blocksize: 64, double_quant: true, compute_dtype: 'float32' };
const INT8: QuantConfig = { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' };
const LLM_INT8: QuantConfig = { quant_type: 'llm_int8', llm_int8_threshold: 1.5, compute_dtype: 'float16' };

/** Words are ids as they are written: of the lowest, which every vocabulary has. */
const written = {
  encode: (text: string) => text.split(' ').filter(Boolean).map(Number),
  decode: (ids: readonly number[]) => ids.map((id) => ` ${id}`).join(''),
  prefix_token_id: 0,
  eos: undefined,
} as unknown as Tokenizer;

const random = seededRandom(5);
const upTo = (n: number) => 1 + Math.floor(n * random.uniform());
const words = (n: number) => Array.from({ length: n }, () => ` ${upTo(30)}`).join('');
/** Questions of one to four continuations, of one token and more; some alike in all but one of them. */
const REQUESTS = Array.from({ length: 14 }, () => ({
  context: words(upTo(11)).trim(),
  continuations: Array.from({ length: upTo(4) }, () => words(upTo(5))),
}));

async function all<T>(passes: AsyncIterable<{ at: number; answer: T }[]>): Promise<T[]> {
  const answers: T[] = [];
  for await (const pass of passes) for (const { at, answer } of pass) answers[at] = answer;
  return answers;
}

/** What each request is told alone, and in passes with others, drawn at random. */
async function expectSameBits(lm: LanguageModel): Promise<void> {
  const alone: Loglikelihood[][] = [];
  for (const { context, continuations } of REQUESTS) {
    alone.push(await lm.loglikelihood(context, continuations));
  }
  for (let round = 0; round < 3; round++) {
    const order = [...REQUESTS.keys()].map((i) => ({ i, key: random.uniform() }));
    const drawn = order.sort((a, b) => a.key - b.key).slice(0, upTo(REQUESTS.length));
    const together = await all(lm.loglikelihoods!(drawn.map(({ i }) => REQUESTS[i]!)));
    expect(together).toEqual(drawn.map(({ i }) => alone[i]));
  }
  const texts = REQUESTS.slice(0, 5).map(({ context, continuations }) => context + continuations.join(''));
  const rolled = await all(lm.loglikelihoodsRolling!(texts.map((text) => ({ text }))));
  for (const [i, text] of texts.entries()) expect(await lm.loglikelihoodRolling(text)).toEqual(rolled[i]);
}

const of = (name: string) => () =>
  openWeights(goldenFolder(`models/${name}`, ['config.json', 'model.safetensors'], NO_TOKENIZER));

// Windows, bounded scores and logits, norms of heads, learned positions, turns of two kinds by length.
describe.each<[string, () => Promise<ModelSource>, QuantConfig[]]>([
  ['a llama', () => openModel(randomLlama()), [FLOAT, NF4, INT8, LLM_INT8]],
  ['norms behind and blocks of two windows', () => randomModel(normedBehind), [FLOAT, NF4, INT8]],
  ['gpt2', of('gpt2'), [FLOAT, NF4]],
  ['gemma2', of('gemma2'), [FLOAT, NF4]],
  ['cohere2', of('cohere2'), [FLOAT]],
  ['gpt-neo', of('gpt-neo'), [FLOAT]],
  ['mistral-window', of('mistral-window'), [INT8]],
  ['phi3.5', of('phi3.5'), [FLOAT]],
  ['granite', of('granite'), [NF4]],
])('%s', (_, open, configs) => {
  it.each(configs)('tells a request the same bits alone and among others, $quant_type', async (config) => {
    const source = await open();
    await withModel(gpu, source, config, (model) => expectSameBits(causalLanguageModel(model, written)));
  });
});

it('takes many requests in a few passes, and makes nothing anew', async () => {
  const { gpu: own, counted } = countedGpu(gpu);
  const source = await openModel(randomLlama());
  await withModel(own, source, NF4, async (model) => {
    const lm = causalLanguageModel(model, written);
    const ask = () => all(lm.loglikelihoods!(REQUESTS));
    await ask();
    const counts = await counted(ask);
    expect(counts).toMatchObject({ buffers: 0, bind_groups: 0, layouts: 0 });
    // All fit in one: its blocks and its head, and a copy of what is read; ids, positions, spans and turns, rows twice.
    expect(counts.submits).toBe(2);
    expect(counts.writes).toBeLessThanOrEqual(6);
    expect(counts.dispatches).toBeLessThan(50);
    const tokens = REQUESTS.flatMap(({ continuations }) =>
      continuations.flatMap((text) => written.encode(text)),
    );
    expect(counts.bytes_read).toBeLessThanOrEqual(2 * Math.ceil((4 * tokens.length) / 8) * 8);
  });
});

it('loses nothing that was asked before where one request cannot be answered', async () => {
  const source = await openModel(randomLlama());
  await withModel(gpu, source, FLOAT, async (model) => {
    const lm = causalLanguageModel(model, written);
    const many = Array.from({ length: 70 }, () => REQUESTS[0]!);
    const tooLong = { context: '1', continuations: [' 2'.repeat(98)] };
    const told: number[] = [];
    const ask = async () => {
      for await (const pass of lm.loglikelihoods!([...many, tooLong])) told.push(...pass.map(({ at }) => at));
    };
    await expect(ask()).rejects.toThrow('98 tokens');
    expect(told.length).toBeGreaterThan(0);
    // And whoever stops listening leaves nothing behind that reads.
    for await (const pass of lm.loglikelihoods!(many)) {
      expect(pass.length).toBeGreaterThan(1);
      break;
    }
    expect(await lm.loglikelihood('1', [' 2'])).toHaveLength(1);
  });
});
