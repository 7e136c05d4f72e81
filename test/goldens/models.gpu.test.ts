import { afterAll, describe, expect, it } from 'vitest';
import { openGpu } from '../../src/gpu/device/device.ts';
import { hashBytes } from '../../src/study/digest.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import { readLogits } from '../../src/model/logits.ts';
import { linearModules } from '../../src/model/modules.ts';
import type { BlockSpec, ModelConfig, Rope } from '../../src/model/model_config.ts';
import { openModel, type ModelFiles } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { effectiveConfig } from '../../src/model/stored_quant.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { quantizeBlockwise } from '../../src/quant/blockwise.ts';
import { CODEBOOKS } from '../../src/quant/config.ts';
import { quantizeAbsmax } from '../../src/quant/double_quant.ts';
import { quantizeLlmInt8 } from '../../src/quant/llm_int8.ts';
import { readWeight } from '../../src/tensor/checkpoint.ts';
import { transposed } from '../../src/tensor/tensor.ts';
import { compare, formatMismatch, maxError, type Tolerance } from '../../src/tensor/compare.ts';
import { NO_TOKENIZER, goldenFolder, goldenJson, openGolden } from '../fixtures/golden_files.ts';
import { noteWorst } from './worst.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const FILES = ['config.json', 'model.safetensors'];

const open = (folder: string, adapter?: string): Promise<ModelFiles> =>
  openModel(
    goldenFolder(folder, FILES, NO_TOKENIZER),
    adapter === undefined
      ? undefined
      : goldenFolder(adapter, ['adapter_config.json', 'adapter_model.safetensors']),
  );

/** Logits [tokens, outputs] of a plain sequence, or of some of its rows. */
const logitsOf = async (
  files: ModelFiles,
  config: QuantConfig,
  ids: readonly number[],
  rows: readonly number[] = [...ids.keys()],
): Promise<Float32Array> =>
  withModel(gpu, files, effectiveConfig(config, files.stored_quant), async (model) => {
    await reserve(model, ids.length, ids.length);
    forward(model, sequenceBatch(ids, 0));
    return readLogits(model, rows);
  });

/** Relative to the largest logit: logits near zero are differences of large ones. */
function bound(expected: ArrayLike<number>, relative: number): Tolerance {
  return { atol: relative * Math.max(...Array.from(expected, Math.abs)), rtol: 0 };
}

function expectClose(
  row: string,
  column: string,
  got: Float32Array,
  want: ArrayLike<number>,
  relative = 1e-4,
): void {
  const tolerance = bound(want, relative);
  noteWorst(row, column, maxError(got, want, tolerance).worst_ratio);
  const mismatch = compare(got, want, tolerance);
  expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
}

const LANGUAGE_MODELS = ['llama', 'llama-tied', 'qwen2', 'qwen3', 'mistral', 'mistral-window', 'gpt2'];
const blockwise = { blocksize: 64, compute_dtype: 'float32' } as const;
const FORMATS: Record<string, QuantConfig> = {
  nf4: { quant_type: 'nf4', double_quant: false, ...blockwise },
  fp4: { quant_type: 'fp4', double_quant: false, ...blockwise },
  nf4_dq: { quant_type: 'nf4', double_quant: true, ...blockwise },
  fp4_dq: { quant_type: 'fp4', double_quant: true, ...blockwise },
  llm_int8: { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' },
  llm_int8_0: { quant_type: 'llm_int8', llm_int8_threshold: 0, compute_dtype: 'float32' },
};

interface QuantizedJson {
  formats: Record<string, { modules: Record<string, ModuleHashes> }>;
}
interface ModuleHashes {
  shape: [number, number];
  packed?: string;
  absmax?: string;
  nested_absmax?: string;
  offset?: number;
  CB?: string;
  SCB?: string;
}

describe.each(LANGUAGE_MODELS)('%s', (name) => {
  const folder = `models/${name}`;

  it('has the logits of transformers in float32', async () => {
    const golden = await openGolden(`${folder}/logits`);
    const ids = [...(await golden.integers('input_ids'))];
    expectClose(name, 'none', await logitsOf(await open(folder), FLOAT, ids), await golden.floats('logits'));
  });

  it.each(['nf4', 'fp4', 'nf4_dq', 'fp4_dq'])('has the logits of bitsandbytes in %s', async (format) => {
    const golden = await openGolden(`${folder}/quantized`);
    const ids = [...(await (await openGolden(`${folder}/logits`)).integers('input_ids'))];
    const want = await golden.floats(`${format}.logits_oracle`);
    expectClose(name, format, await logitsOf(await open(folder), FORMATS[format]!, ids), want);
  });

  // A last-bit difference before a layer may move one of its int8 activations by one.
  it.each(['llm_int8', 'llm_int8_0'])('has the logits of bitsandbytes in %s, loosely', async (format) => {
    const golden = await openGolden(`${folder}/quantized`);
    const ids = [...(await (await openGolden(`${folder}/logits`)).integers('input_ids'))];
    const want = await golden.floats(`${format}.logits`);
    expectClose(name, format, await logitsOf(await open(folder), FORMATS[format]!, ids), want, 1e-2);
  });

  it('quantizes every module to the bytes of bitsandbytes, and no other', async () => {
    const { formats } = await goldenJson<QuantizedJson>(`${folder}/quantized.json`);
    const { checkpoint, config } = await open(folder);
    const modules = linearModules(config, checkpoint);
    for (const { modules: hashes } of Object.values(formats)) {
      expect(Object.keys(hashes).sort()).toEqual(modules.map((module) => module.name).sort());
    }
    for (const module of modules) {
      const stored = await readWeight(checkpoint, `${module.name}.weight`);
      const weight = module.conv1d ? transposed(stored) : stored;
      for (const quant_type of ['nf4', 'fp4'] as const) {
        const q = quantizeBlockwise(weight, CODEBOOKS[quant_type], 64);
        const plain = formats[quant_type]!.modules[module.name]!;
        expect([hashBytes(q.packed), hashBytes(q.scales.absmax)]).toEqual([plain.packed, plain.absmax]);
        const double = formats[`${quant_type}_dq`]!.modules[module.name]!;
        const nested = quantizeAbsmax(q.scales.absmax);
        expect(nested.offset).toBe(double.offset);
        expect(hashBytes(nested.codes)).toBe(double.absmax);
        expect(hashBytes(nested.nested_absmax)).toBe(double.nested_absmax);
      }
      const { CB, SCB } = quantizeLlmInt8(weight);
      const int8 = formats.llm_int8!.modules[module.name]!;
      expect([hashBytes(CB), hashBytes(SCB)]).toEqual([int8.CB, int8.SCB]);
    }
  });
});

/** Models that hold one thing each beside those above: a family, a window. */
const SMALL_MODELS = [
  'qwen2-window',
  'qwen3-window',
  'phi3',
  'smollm3',
  'olmo2',
  'ministral',
  'exaone4',
  'seed-oss',
  'olmo',
  'olmo-clip',
  'stablelm',
  'stablelm-parallel',
  'starcoder2',
  'cohere',
  'cohere-bias',
  'cohere2',
  'phi',
  'phi-qk-norm',
  'gpt-neox',
  'gpt-neox-sequential',
  'opt',
  'opt-plain',
  'gptj',
  'gpt-neo',
  'gpt-bigcode',
  'gpt-bigcode-by-head',
  'llama-yarn',
  'qwen2-yarn',
  'qwen3-yarn',
  'qwen2-dynamic',
  'llama-longrope',
  'phi3.5',
  'phi4-mini',
  'olmo3',
  'glm',
  'glm4',
  'ernie4.5',
  'helium',
  'hunyuan',
  'ministral3',
  'mistral3',
  'qwen2.5-vl',
  'qwen3-vl',
  'llama-quick-gelu',
  'gpt2-by-layer',
  'gpt2-unscaled',
  'gemma',
  'gemma2',
  'gemma3',
  'gemma3-images',
  'granite',
  'granite4',
  'granite4-nope',
  'arcee',
];
const SMALL_CLASSIFIERS = [
  'llama-classifier',
  'mistral-classifier',
  'qwen2-classifier',
  'qwen3-classifier',
  'gemma-classifier',
  'gemma2-classifier',
  'gemma3-classifier',
  'arcee-classifier',
  'phi3-classifier',
  'smollm3-classifier',
  'olmo3-classifier',
  'glm-classifier',
  'glm4-classifier',
  'helium-classifier',
  'hunyuan-classifier',
  'ministral-classifier',
  'ministral3-classifier',
  'olmo-classifier',
  'stablelm-classifier',
  'starcoder2-classifier',
  'phi-classifier',
  'gpt-neox-classifier',
  'opt-classifier',
  'gptj-classifier',
  'gpt-neo-classifier',
  'gpt-bigcode-classifier',
];

/** As tight as tells gelu from its tanh form. */
const SMALL_BOUND = 2e-5;

it.each(SMALL_MODELS)('%s has the logits of transformers in float64', async (name) => {
  const golden = await openGolden(`models/${name}/logits`);
  const ids = [...(await golden.integers('input_ids'))];
  const got = await logitsOf(await open(`models/${name}`), FLOAT, ids);
  const want = await golden.doubles('logits_float64');
  expectClose(name, 'none', got, want);
  expect(compare(got, want, bound(want, SMALL_BOUND))).toBeUndefined();
});

it.each(SMALL_MODELS)('%s continues what lies in its slots', async (name) => {
  const golden = await openGolden(`models/${name}/logits`);
  const ids = [...(await golden.integers('input_ids'))];
  const first = 7;
  const got = await withModel(gpu, await open(`models/${name}`), FLOAT, async (model) => {
    await reserve(model, ids.length, ids.length);
    const { length } = ids;
    forward(model, sequenceBatch(ids.slice(0, first), 0, length));
    forward(model, sequenceBatch(ids.slice(first), first, length));
    return readLogits(model, [...ids.slice(first).keys()]);
  });
  const want = await golden.doubles('logits_float64');
  expectClose(name, 'in two', got, want.slice((want.length / ids.length) * first));
});

it.each([...SMALL_MODELS, ...SMALL_CLASSIFIERS])(
  '%s: quantizes every module to the bytes of bitsandbytes, and no other',
  async (model) => {
    const { formats } = await goldenJson<QuantizedJson>(`models/${model}/modules.json`);
    const { checkpoint, config } = await open(`models/${model}`);
    const modules = linearModules(config, checkpoint);
    // Those of a part that no text reaches are not read here, and left as they are.
    const isRead = (name: string) => !config.towers?.some((tower) => name.startsWith(`${tower}.`));
    for (const { modules: hashes } of Object.values(formats)) {
      const read = Object.keys(hashes).filter(isRead);
      expect(read.sort()).toEqual(modules.map(({ aliases }) => aliases[0]).sort());
    }
    for (const module of modules) {
      const stored = await readWeight(checkpoint, `${module.name}.weight`);
      const weight = module.conv1d ? transposed(stored) : stored;
      const q = quantizeBlockwise(weight, CODEBOOKS.nf4, 64);
      const name = module.aliases[0]!;
      const nf4 = formats.nf4!.modules[name]!;
      expect([hashBytes(q.packed), hashBytes(q.scales.absmax)]).toEqual([nf4.packed, nf4.absmax]);
      const { CB, SCB } = quantizeLlmInt8(weight);
      const int8 = formats.llm_int8!.modules[name]!;
      expect([hashBytes(CB), hashBytes(SCB)]).toEqual([int8.CB, int8.SCB]);
    }
  },
);

/** The same model with something changed in all of its blocks. */
const inBlocks =
  (change: Partial<BlockSpec>) =>
  (config: ModelConfig): Partial<ModelConfig> => ({
    blocks: config.blocks.map((block) => ({ ...block, ...change })) as unknown as ModelConfig['blocks'],
  });

/** The same model with something changed in all of its ropes; blocks go on sharing them. */
const inRopes =
  (change: object) =>
  ({ blocks }: ModelConfig): Partial<ModelConfig> => {
    const changed = new Map(blocks.map(({ rope }) => [rope, { ...rope, ...change } as Rope]));
    return { blocks: blocks.map((block) => ({ ...block, rope: changed.get(block.rope) })) as never };
  };

const PHI_NORMS = { attention_in: 'input_layernorm', mlp_in: 'input_layernorm' };

const notByHead = ({ blocks }: ModelConfig): Partial<ModelConfig> => ({
  blocks: blocks.map((block) => ({
    ...block,
    linears: block.linears.map((linear) => ({ ...linear, by_head: false })),
  })) as never,
});

// A golden that could not tell whether a setting is read would hold nothing.
it.each<[string, string, (config: ModelConfig) => Partial<ModelConfig>]>([
  ['gpt2-by-layer', 'a scale for each layer', ({ blocks }) => ({ blocks: [blocks[0]] })],
  ['gpt2-by-layer', 'gelu by erf', inBlocks({ activation: 'gelu_tanh' })],
  ['gpt2-unscaled', 'scores as they are', inBlocks({ attention_scale: 1 / Math.sqrt(8) })],
  ['gpt2-unscaled', 'relu', inBlocks({ activation: 'gelu' })],
  ['llama-quick-gelu', 'quick_gelu', inBlocks({ activation: 'gelu' })],
  ['arcee', 'relu²', inBlocks({ activation: 'relu' })],
  ['gemma', 'gelu by tanh', inBlocks({ activation: 'gelu' })],
  ['gemma', 'norms by 1 + weight', ({ norm }) => ({ norm: { ...norm, plus_one: false } })],
  ['gemma', 'the scale of embeddings', () => ({ embedding_scale: { value: 1, in_dtype: false } })],
  ['gemma2', 'the scale of scores', inBlocks({ attention_scale: 1 / Math.sqrt(12) })],
  ['gemma2', 'the bound of scores', inBlocks({ attention_softcap: 0 })],
  ['gemma2', 'the bound of logits', () => ({ logit_softcap: 0 })],
  ['gemma2', 'the window', inBlocks({ window: undefined })],
  ['gemma3', 'the scale of scores', inBlocks({ attention_scale: 1 / Math.sqrt(12) })],
  ['gemma3', 'two ropes', (config) => inBlocks({ rope: config.blocks[0].rope })(config)],
  ['gemma3', 'the bound of logits', () => ({ logit_softcap: 0 })],
  ['granite', 'the scale of embeddings', () => ({ embedding_scale: { value: 1, in_dtype: false } })],
  ['granite', 'the scale of scores', inBlocks({ attention_scale: 1 / Math.sqrt(8) })],
  ['granite', 'the scale of updates', () => ({ residual_scale: 1 })],
  ['granite', 'the scale of logits', () => ({ logit_scale: 1 })],
  [
    'granite4',
    'turning by position',
    (config) => inBlocks({ rope: { ...config.blocks[0].rope!, rotary_dim: 0 } })(config),
  ],
  ['llama-yarn', 'the factor of attention', inRopes({ attention_factor: 1 })],
  ['llama-yarn', 'the factor', inRopes({ factor: 2 })],
  ['qwen2-yarn', 'its own factor of attention', inRopes({ attention_factor: 0.1 * Math.log(4) + 1 })],
  ['qwen2-yarn', 'the bound of fast turns', inRopes({ beta_fast: 32 })],
  ['qwen2-yarn', 'the bound of slow turns', inRopes({ beta_slow: 1 })],
  ['qwen2-yarn', 'bounds between pairs', inRopes({ truncate: true })],
  ['qwen3-yarn', 'the factor of attention in the file', inRopes({ attention_factor: 0.1 * Math.log(4) + 1 })],
  ['llama-longrope', 'long factors', inRopes({ original_max_position_embeddings: 96 })],
  ['llama-longrope', 'the factor of attention', inRopes({ attention_factor: 1 })],
  ['phi3.5', 'long factors', inRopes({ original_max_position_embeddings: 96 })],
  ['phi4-mini', 'short factors', inRopes({ original_max_position_embeddings: 8 })],
  ['phi4-mini', 'the part that stays', inRopes({ rotary_dim: 8, rope_type: 'default' })],
  ['olmo3', 'two ropes', ({ blocks: [, full] }) => ({ blocks: [{ ...full!, window: 5 }, full!] })],
  ['glm', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['glm', 'the part that stays', inRopes({ rotary_dim: 12 })],
  ['glm4', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['ernie4.5', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['helium', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['hunyuan', 'the stretched base', inRopes({ rope_theta: 500 })],
  [
    'hunyuan',
    'norms behind the turn',
    inBlocks({ qk_norm: { q: 'self_attn.query_layernorm', k: 'self_attn.key_layernorm', over: 'head' } }),
  ],
  ['olmo-clip', 'cut queries, keys and values', inBlocks({ clip_qkv: 100 })],
  ['phi', 'attention and MLP side by side', inBlocks({ parallel: false, norms: PHI_NORMS })],
  ['gpt-neox', 'attention and MLP side by side', inBlocks({ parallel: false })],
  ['gpt-neox-sequential', 'one half after the other', inBlocks({ parallel: true })],
  ['cohere', 'the scale of logits', () => ({ logit_scale: 1 })],
  ['cohere', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['gptj', 'pairs of neighbours', inRopes({ interleaved: false })],
  ['gpt-neo', 'scores as they are', inBlocks({ attention_scale: 1 / Math.sqrt(8) })],
  ['gpt-neo', 'the window', inBlocks({ window: undefined })],
  ['opt', 'where positions begin', () => ({ max_position_embeddings: 98, positions_from: 0 })],
  ['phi', 'the bias of the head', () => ({ head_bias: false })],
  ['gpt-bigcode-by-head', 'rows grouped by heads', notByHead],
  ['gpt-neox', 'rows grouped by heads', notByHead],
  ['ministral3', 'queries that grow', (config) => inBlocks({ query_rope: config.blocks[0].rope! })(config)],
])('%s would differ without %s', async (name, _, change) => {
  const golden = await openGolden(`models/${name}/logits`);
  const ids = [...(await golden.integers('input_ids'))];
  const files = await open(`models/${name}`);
  const config = { ...files.config, ...change(files.config) };
  const want = await golden.doubles('logits_float64');
  // Twice what a golden allows.
  expect(
    compare(await logitsOf({ ...files, config }, FLOAT, ids), want, bound(want, 2 * SMALL_BOUND)),
  ).toBeDefined();
});

describe.each(['gpt2-classifier', ...SMALL_CLASSIFIERS])('%s', (name) => {
  const folder = `models/${name}`;
  const sequences = async () => {
    const golden = await openGolden(`${folder}/logits`);
    const [count, width] = golden.shape('input_ids') as [number, number];
    const ids = await golden.integers('input_ids');
    const mask = await golden.integers('attention_mask');
    return Array.from({ length: count }, (_, i) =>
      [...ids.slice(i * width, (i + 1) * width)].filter((__, j) => mask[i * width + j] === 1),
    );
  };

  const formats = name === 'gpt2-classifier' ? ['none', 'nf4', 'fp4', 'nf4_dq'] : ['none'];
  it.each(formats)('scores sequences of different lengths in %s', async (format) => {
    const files = await open(folder);
    const golden = await openGolden(format === 'none' ? `${folder}/logits` : `${folder}/quantized`);
    const want = await golden.floats(format === 'none' ? 'logits' : `${format}.logits_oracle`);
    const labels = files.config.num_labels!;
    expect(labels).toBe(golden.shape(format === 'none' ? 'logits' : `${format}.logits_oracle`)[1]);
    for (const [i, ids] of (await sequences()).entries()) {
      const got = await logitsOf(files, FORMATS[format] ?? FLOAT, ids, [ids.length - 1]);
      expectClose(name, format, got, want.slice(i * labels, (i + 1) * labels));
    }
  });
});

describe('checkpoints that transformers saved quantized', () => {
  it.each(['llama-nf4', 'llama-fp4', 'llama-nf4-dq', 'gpt2-nf4', 'llama-llm-int8'])(
    '%s runs as it is',
    async (name) => {
      const folder = `checkpoints/${name}`;
      const base = name.split('-')[0]!;
      const ids = [...(await (await openGolden(`models/${base}/logits`)).integers('input_ids'))];
      const golden = await openGolden(`${folder}/logits`);
      const got = await logitsOf(await open(folder), FLOAT, ids);
      const loosely = name.endsWith('int8') ? 1e-2 : 1e-4;
      expectClose(
        'saved',
        name.replace(/^[a-z0-9]+-/, '').replaceAll('-', '_'),
        got,
        await golden.floats('logits_float32'),
        loosely,
      );
    },
  );

  it('are not quantized again', async () => {
    const files = await open('checkpoints/llama-nf4');
    expect(() => effectiveConfig(FORMATS.fp4!, files.stored_quant)).toThrow(
      'quant_type is fp4, but the checkpoint is already quantized to nf4; allowed: none, which runs it as it is.',
    );
  });
});

describe('LoRA adapters that peft saved', () => {
  it.each([
    ['llama-lora', 'llama'],
    ['llama-rslora', 'llama'],
    ['gpt2-lora', 'gpt2'],
  ])('%s on %s, plain and over NF4', async (name, base) => {
    const ids = [...(await (await openGolden(`models/${base}/logits`)).integers('input_ids'))];
    const golden = await openGolden(`adapters/${name}/logits`);
    const files = await open(`models/${base}`, `adapters/${name}`);
    expectClose(name, 'none', await logitsOf(files, FLOAT, ids), await golden.floats('logits'));
    expectClose(
      name,
      'nf4',
      await logitsOf(files, FORMATS.nf4!, ids),
      await golden.floats('nf4.logits_oracle'),
    );
  });

  it('are refused on another model', async () => {
    const files = await open('models/llama', 'adapters/gpt2-lora');
    await expect(logitsOf(files, FLOAT, [1, 2])).rejects.toThrow('it belongs to another model');
  });
});
