import { afterAll, describe, expect, it } from 'vitest';
import { referenceLogits } from '../../test/fixtures/llama_reference.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { withLimits } from '../../test/fixtures/with_limits.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { dequantize, quantize, type Quantizing } from '../quant/quantize.ts';
import { compare, formatMismatch } from '../tensor/compare.ts';
import type { FileSet } from '../tensor/source.ts';
import { causalLanguageModel } from './causal_lm.ts';
import { closeModel, forward, makeModel, reserve, type Model } from './forward.ts';
import { readLogits } from './logits.ts';
import type { TracedToken } from './language_model.ts';
import { openModel, type ModelFiles } from './open_model.ts';
import { rollingWindows } from './rolling_windows.ts';
import { sequenceBatch } from './sequence.ts';
import { withModel } from './session.ts';
import { loadWeights } from './weights.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const blockwise = { double_quant: false, compute_dtype: 'float32' } as const;
const QUANTIZED: QuantConfig[] = [
  { quant_type: 'nf4', blocksize: 64, ...blockwise },
  { quant_type: 'nf4', blocksize: 64, ...blockwise, double_quant: true },
  { quant_type: 'fp4', blocksize: 32, ...blockwise },
  { quant_type: 'int4', blocksize: 4096, ...blockwise },
  {
    quant_type: 'custom',
    blocksize: 128,
    code: Array.from({ length: 16 }, (_, i) => i / 7.5 - 1),
    ...blockwise,
  },
  { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
  { quant_type: 'int8', granularity: 'tensor', compute_dtype: 'float32' },
];

/** A model from its files to the end of `use`. */
async function withFiles<T>(
  set: FileSet,
  config: QuantConfig,
  use: (opened: { files: ModelFiles; model: Model }) => Promise<T>,
): Promise<T> {
  const files = await openModel(set);
  return withModel(gpu, files, config, (model) => use({ files, model }));
}

async function logitsOf(model: Model, ids: readonly number[]): Promise<Float32Array> {
  await reserve(model, ids.length, ids.length);
  forward(model, sequenceBatch(ids, 0));
  return readLogits(model, [...ids.keys()]);
}

const IDS = [0, 17, 3, 99, 210, 4, 4, 51, 130, 8, 77];
const treatmentOf = (config: QuantConfig) =>
  config.quant_type === 'none'
    ? undefined
    : (w: Parameters<typeof quantize>[0]) => dequantize(quantize(w, config as Quantizing));

describe.each([FLOAT, ...QUANTIZED].map((c) => [JSON.stringify(c), c] as const))('%s', (_, config) => {
  it('gives the logits of a plain float64 forward pass over the dequantized weights', async () => {
    await withFiles(randomLlama(), config, async ({ files, model }) => {
      const expected = await referenceLogits(files.checkpoint, files.config, IDS, treatmentOf(config));
      const mismatch = compare(
        await logitsOf(model, IDS),
        Float32Array.from(expected.flatMap((r) => [...r])),
        {
          atol: 1e-4,
          rtol: 1e-4,
        },
      );
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
    });
  });
});

it('takes a tied head and more rows than a binding holds', async () => {
  const small = { ...gpu, device: withLimits(gpu.device, 8192) };
  const files = await openModel(randomLlama({ tie_word_embeddings: true }));
  // A part begins where a block begins, so blocks of 4096 need larger parts than this.
  const splittable = QUANTIZED.filter((config) => !('blocksize' in config) || config.blocksize < 4096);
  for (const config of [FLOAT, ...splittable]) {
    await withModel(gpu, files, config, async (whole) => {
      const weights = await loadWeights(small, files.checkpoint, files.config, config);
      const parts = await makeModel(gpu, files.config, weights, config);
      expect(whole.weights.embedding.parts.length).toBe(1);
      expect(weights.embedding.parts.length).toBeGreaterThan(2);
      expect(await logitsOf(parts, IDS)).toEqual(await logitsOf(whole, IDS));
      closeModel(parts);
      weights.close();
    });
  }
});

describe('as a language model', () => {
  it('scores continuations that share a context as it scores them alone', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const lm = causalLanguageModel(model, files.tokenizer);
      const choices = [' red', ' a long answer', ' b'];
      const together = await lm.loglikelihood('What is it?', choices);
      for (const [i, choice] of choices.entries()) {
        const [alone] = await lm.loglikelihood('What is it?', [choice]);
        expect(together[i]!.tokens).toBe(choice.length);
        expect(together[i]!.logprob).toBeCloseTo(alone!.logprob, 3);
      }
    });
  });

  it('sums the log-softmax of the reference over the continuation', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const { tokenizer, checkpoint, config } = files;
      const [scored] = await causalLanguageModel(model, tokenizer).loglikelihood('Mia has', [' it.']);
      const ids = tokenizer.encode('Mia has it.');
      const rows = await referenceLogits(checkpoint, config, ids.slice(0, -1));
      const expected = logSoftmaxSum(rows, ids, tokenizer.encode('Mia has').length);
      expect(scored!.logprob).toBeCloseTo(expected, 3);
    });
  });

  it('truncates a long context on the left', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const lm = causalLanguageModel(model, files.tokenizer);
      const long = 'x'.repeat(200);
      const [cut] = await lm.loglikelihood(long, [' yes']);
      // 96 positions hold 97 tokens, the last of which is not fed: 93 of the context.
      const [same] = await lm.loglikelihood('x'.repeat(93), [' yes']);
      expect(cut).toEqual(same);
      await expect(lm.loglikelihood('a', ['y'.repeat(98)])).rejects.toThrow('98 tokens');
    });
  });

  it('reads a long text window by window', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const { tokenizer, checkpoint, config } = files;
      const text = 'The cat sat on the mat. '.repeat(9);
      const rolled = await causalLanguageModel(model, tokenizer).loglikelihoodRolling(text);
      const ids = tokenizer.encode(text);
      expect(rolled.tokens).toBe(ids.length);
      const all = [0, ...ids];
      let expected = 0;
      for (let begin = 0; begin < ids.length; begin += 96) {
        const end = Math.min(begin + 96, ids.length);
        const from = begin === 0 ? 0 : end - 96;
        const rows = await referenceLogits(checkpoint, config, all.slice(from, end));
        expected += logSoftmaxSum(rows, all.slice(from, end + 1), begin + 1 - from);
      }
      expect(Math.abs(rolled.logprob - expected)).toBeLessThan(5e-3);
    });
  });

  it('generates greedily, token by token as the whole sequence would', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const { tokenizer, checkpoint, config } = files;
      const { text, tokens } = await causalLanguageModel(model, tokenizer).generateUntil('Once upon', {
        until: [],
        max_gen_toks: 12,
      });
      const ids = tokenizer.encode('Once upon');
      const made: number[] = [];
      while (made.length < 12) {
        const rows = await referenceLogits(checkpoint, config, [...ids, ...made]);
        const row = rows.at(-1)!;
        made.push(row.indexOf(Math.max(...row)));
        if (made.at(-1) === 0) break;
      }
      expect(text).toBe(tokenizer.decode(made));
      expect(tokens).toBe(made.length);
    });
  });

  it('stops at a stop string and leaves it out', async () => {
    await withFiles(randomLlama(), FLOAT, async ({ files, model }) => {
      const lm = causalLanguageModel(model, files.tokenizer);
      const free = await lm.generateUntil('Once upon', { until: [], max_gen_toks: 12 });
      const stop = free.text.slice(3, 5);
      const cut = await lm.generateUntil('Once upon', { until: [stop], max_gen_toks: 12 });
      expect(cut.text).toBe(free.text.split(stop)[0]);
      expect(cut.tokens).toBeLessThan(free.tokens);
      await expect(lm.generateUntil('a', { until: [], max_gen_toks: 96 })).rejects.toThrow(
        'max_gen_toks is 96',
      );
    });
  });
});

function logSoftmaxSum(rows: readonly Float64Array[], ids: readonly number[], from: number): number {
  let total = 0;
  for (let i = from; i < ids.length; i++) {
    const row = rows[i - 1]!;
    const peak = Math.max(...row);
    total += row[ids[i]!]! - peak - Math.log(row.reduce((mass, v) => mass + Math.exp(v - peak), 0));
  }
  return total;
}

describe('what it refuses', () => {
  it('names a tensor with a NaN', async () => {
    const set = randomLlama();
    const name = 'model.layers.1.mlp.up_proj.weight';
    const poisoned: FileSet = {
      names: set.names,
      open: async (file) => (file === 'model.safetensors' ? withNaN(set, name) : set.open(file)),
    };
    const { checkpoint, config } = await openModel(poisoned);
    const before = gpu.allocated.bytes;
    for (const quant of [FLOAT, ...QUANTIZED]) {
      await expect(loadWeights(gpu, checkpoint, config, quant)).rejects.toThrow(
        `${name}[1, 5] is NaN; weights must be finite numbers.`,
      );
    }
    expect(gpu.allocated.bytes).toBe(before);
  });

  it('names a tensor of another shape than config.json says', async () => {
    const { checkpoint, config } = await openModel(randomLlama());
    await expect(loadWeights(gpu, checkpoint, { ...config, intermediate_size: 96 }, FLOAT)).rejects.toThrow(
      'Tensor model.layers.0.mlp.gate_proj.weight is [100, 60]; config.json makes it [96, 60].',
    );
  });
});

async function withNaN(set: FileSet, name: string) {
  const source = await set.open('model.safetensors');
  const bytes = await source.slice(0, source.byteLength);
  const { checkpoint } = await openModel(set);
  const { info, shard } = checkpoint.tensors.get(name)!;
  const at = shard.header.data_start + info.data_offsets[0] + 2 * (60 + 5);
  bytes.set([0xc0, 0x7f], at);
  return {
    name: 'model.safetensors',
    byteLength: bytes.length,
    slice: (a: number, b: number) => Promise.resolve(bytes.slice(a, b)),
  };
}

it('leaves nothing allocated behind', () => {
  expect(gpu.allocated.bytes).toBe(0);
});

it('compares a text with the states a baseline left, as float64 does with all logits of both', async () => {
  // Longer than the model: the last window repeats tokens that are not scored again.
  const text = 'Mia has a red ball. '.repeat(8);
  const set = randomLlama();
  const kept: Float32Array<ArrayBuffer>[] = [];
  const expected: number[][] = [];
  const windows = (files: ModelFiles) => {
    const { max_position_embeddings: length } = files.config;
    return rollingWindows(files.tokenizer.encode(text), files.tokenizer.prefix_token_id, length);
  };
  const base = await withFiles(set, FLOAT, async ({ files, model }) => {
    const lm = causalLanguageModel(model, files.tokenizer);
    await lm.loglikelihoodRolling(text, { kind: 'keep', keep: (states) => void kept.push(states) });
    const logits: Float32Array[] = [];
    for (const { context, continuation } of windows(files)) {
      logits.push(await logitsOf(model, [...context, ...continuation].slice(0, -1)));
    }
    return logits;
  });
  const tokens: TracedToken[] = [];
  await withFiles(set, QUANTIZED[0]!, async ({ files, model }) => {
    const lm = causalLanguageModel(model, files.tokenizer);
    const states = kept.flatMap((part) => [...part]);
    let at = 0;
    await lm.loglikelihoodRolling(text, {
      kind: 'compare',
      head_dtype: 'float32',
      next: (length) => Float32Array.from(states.slice(at, (at += length))),
      report: (token) => void tokens.push(token),
    });
    expect(at).toBe(states.length);
    const V = files.config.vocab_size;
    for (const [w, { context, continuation }] of windows(files).entries()) {
      const all = await logitsOf(model, [...context, ...continuation].slice(0, -1));
      continuation.forEach((target, i) => {
        const row = (logits: Float32Array) => logProbabilities(logits, context.length - 1 + i, V);
        const [p, q] = [row(base[w]!), row(all)];
        const kl = p.reduce((sum, lp, v) => sum + Math.exp(lp) * (lp - q[v]!), 0);
        expected.push([q[target]!, p[target]!, kl]);
        expect(tokens[expected.length - 1]!.same_top).toBe(argmaxOf(p) === argmaxOf(q));
      });
    }
  });
  expect(tokens).toHaveLength(expected.length);
  tokens.forEach(({ logprob, base_logprob, kl }, i) => {
    expect(logprob).toBeCloseTo(expected[i]![0]!, 4);
    expect(base_logprob).toBeCloseTo(expected[i]![1]!, 4);
    expect(Math.abs(kl - expected[i]![2]!)).toBeLessThan(2e-6);
  });
  expect(Math.max(...tokens.map(({ kl }) => kl))).toBeGreaterThan(1e-3);
});

function logProbabilities(logits: Float32Array, row: number, V: number): number[] {
  const own = [...logits.subarray(row * V, (row + 1) * V)];
  const mass = Math.log(own.reduce((sum, v) => sum + Math.exp(v), 0));
  return own.map((v) => v - mass);
}

const argmaxOf = (values: readonly number[]): number => values.indexOf(Math.max(...values));
