import { afterAll, describe, expect, it } from 'vitest';
import gpt2 from '../../public/configs/gpt2-ag-news.json';
import qwen from '../../public/configs/Qwen2.5-0.5B.json';
import smollm2 from '../../public/configs/SmolLM2-135M.json';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import { parseConfig } from '../model/config.ts';
import { standIn } from '../model/stand_in.ts';
import { readWeight } from '../tensor/checkpoint.ts';
import { memoryFiles, type FileSet } from '../tensor/source.ts';
import { probe } from './probe.ts';
import { parseSpec } from '../study/spec.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const { configs } = parseSpec({
  version: 1,
  model: { source: 'local', name: 'm' },
  configs: [{ quant_type: 'none' }, { quant_type: 'nf4' }, { quant_type: 'fp4' }, { quant_type: 'llm_int8' }],
  tasks: [{ task: 'mini_arc' }],
  seed: 1,
});

const hostOf = (files: FileSet, bytesOf?: (name: string) => number | undefined) => ({
  gpu: () => Promise.resolve(gpu),
  openFiles: () => Promise.resolve({ files, bytesOf }),
});

/** A model of which only config.json may be read. */
function shapeAlone(config: object): FileSet {
  const files = memoryFiles({ 'config.json': new TextEncoder().encode(JSON.stringify(config)) });
  const names = ['config.json', 'tokenizer.json', 'model.safetensors', 'onnx.safetensors', 'README.md'];
  return { names, open: (name) => files.open(name) };
}

describe('a stand-in', () => {
  it('has as many blocks as are worth timing, and says how many it stands for', async () => {
    // 3,538,944 weights a block; Qwen's 14.9 million fit once.
    const small = await standIn(parseConfig(smollm2));
    expect([small.config.num_hidden_layers, small.times]).toEqual([4, 30 / 4]);
    const large = await standIn(parseConfig(qwen));
    expect([large.config.num_hidden_layers, large.times]).toEqual([1, 24]);
  });

  it('has weights that look like weights', async () => {
    const { checkpoint } = await standIn(parseConfig(smollm2));
    const { data } = await readWeight(checkpoint, 'model.layers.3.mlp.down_proj.weight');
    const mean_square = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    expect(Math.sqrt(mean_square)).toBeCloseTo(0.02, 3);
  });
});

describe('a probe', () => {
  it('times each kind of kernels once, by the shape alone', async () => {
    const small = { num_hidden_layers: 2, hidden_size: 64, intermediate_size: 64, vocab_size: 96 };
    const { speeds, shape } = await probe(
      { model: { source: 'local', name: 'm' }, configs },
      hostOf(
        shapeAlone({ ...smollm2, ...small, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 32 }),
      ),
    );
    expect(shape.hidden_size).toBe(64);
    expect(Object.keys(speeds)).toEqual(['float', '4-bit', 'llm_int8']);
    for (const { load_seconds, pass_seconds, token_seconds } of Object.values(speeds)) {
      expect(load_seconds).toBeGreaterThan(0);
      expect(pass_seconds).toBeGreaterThan(0);
      expect(token_seconds).toBeGreaterThanOrEqual(0);
    }
  });

  it('times a classifier of GPT-2 too, and counts what a run would download', async () => {
    const small = { n_layer: 1, n_embd: 32, n_head: 2, n_positions: 64, vocab_size: 96 };
    const sizes: Record<string, number | undefined> = {
      'config.json': 1,
      'tokenizer.json': 20,
      'model.safetensors': 300,
      'onnx.safetensors': 4000,
      'README.md': 50000,
    };
    const model = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
    const asked = { model, configs: configs.slice(1, 2) };
    const files = shapeAlone({ ...gpt2, ...small });
    const { download_bytes, speeds } = await probe(
      asked,
      hostOf(files, (name) => sizes[name]),
    );
    expect(download_bytes).toBe(321);
    expect(Object.keys(speeds)).toEqual(['4-bit']);
    delete sizes['model.safetensors'];
    expect(
      (
        await probe(
          asked,
          hostOf(files, (name) => sizes[name]),
        )
      ).download_bytes,
    ).toBeUndefined();
  });

  it('leaves nothing on the device, and refuses what it cannot compute in a sentence', async () => {
    const before = gpu.allocated.bytes;
    await probe(
      { model: { source: 'bundled', name: 'm' }, configs: configs.slice(0, 1) },
      hostOf(randomLlama()),
    );
    expect(gpu.allocated.bytes).toBe(before);
    await expect(
      probe({ model: { source: 'local', name: 'm' }, configs }, hostOf(shapeAlone({ model_type: 'mamba' }))),
    ).rejects.toMatchObject({ code: 'unsupported-architecture' });
  });
});
