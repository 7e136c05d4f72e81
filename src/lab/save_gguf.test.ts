import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { editModel } from '../../test/fixtures/edit_model.ts';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { written } from '../../test/fixtures/saved_model.ts';
import { ggufFiles } from '../model/gguf/gguf_files.ts';
import { openModel, openWeights } from '../model/open_model.ts';
import { allTensors, modelTensors } from '../model/tensors.ts';
import { linearModules } from '../model/modules.ts';
import { savedReader } from '../model/stored_quant.ts';
import type { QuantConfig } from '../quant/config.ts';
import { layerConfig } from '../quant/layers.ts';
import { dequantize, isQuantizing, quantize } from '../quant/quantize.ts';
import { readWeight } from '../tensor/checkpoint.ts';
import { memoryFiles, type FileSet } from '../tensor/source.ts';
import { requireSaved } from './require_saved.ts';
import { saveGguf } from './save_gguf.ts';

const FLOATS: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };

/** Writes a model as a GGUF file, and opens that. */
async function saved(files: FileSet, config: QuantConfig = FLOATS): Promise<FileSet> {
  const out = await written((sink) => saveGguf(files, config, sink, 'a.gguf'));
  return ggufFiles(await out.open('a.gguf'));
}

/** A tokenizer of one token a character, as many as a model has rows. */
async function golden(name: string, config: Record<string, unknown> = {}): Promise<FileSet> {
  const source = goldenFolder(`models/${name}`, ['config.json', 'model.safetensors']);
  const { vocab_size } = (await openWeights(source)).config;
  const vocab = Object.fromEntries(
    Array.from({ length: vocab_size }, (_, id) => [String.fromCodePoint(0x100 + id), id]),
  );
  const model = { type: 'BPE', vocab, merges: [], byte_fallback: false, fuse_unk: false };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const added_tokens = [{ id: 1, content: '\u0101', special: true, normalized: false }];
  return editModel(source, {
    config,
    files: {
      'tokenizer.json': { version: '1.0', added_tokens, pre_tokenizer: byteLevel, decoder: byteLevel, model },
      'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '\u0101' },
    },
  });
}

const bundled = async (name: string): Promise<FileSet> => {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  const read = async (file: string) =>
    [file, await readFile(new URL(`../../public/models/${name}/${file}`, import.meta.url))] as const;
  return memoryFiles(Object.fromEntries(await Promise.all(names.map(read))));
};

describe('a model as a GGUF file', () => {
  it.each([
    ['llama', {}],
    ['llama-tied', {}],
    ['mistral', {}],
    ['qwen2', {}],
    ['qwen3', {}],
    ['gemma', {}],
    ['gemma2', { query_pre_attn_scalar: 12 }],
    ['phi3', {}],
    ['phi3.5', {}],
    ['gpt2', {}],
    ['starcoder2', { sliding_window: null }],
    ['stablelm', {}],
    ['olmo2', {}],
  ])('of %s has its tensors and its words', async (name, config) => {
    const files = await golden(name, config);
    const [own, told] = [await openModel(files), await openModel(await saved(files))];
    for (const { name: tensor } of allTensors(modelTensors(own.config, own.checkpoint))) {
      const [a, b] = [await readWeight(own.checkpoint, tensor), await readWeight(told.checkpoint, tensor)];
      expect(b.shape).toEqual(a.shape);
      // A norm that is stored with 1 added loses its last places.
      const worst = Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i]!)));
      expect(worst, tensor).toBeLessThan(1e-7);
    }
    expect(told.tokenizer.encode('abc')).toEqual(own.tokenizer.encode('abc'));
  });

  it.each([
    ['gemma2', {}, 'attention_scale'],
    ['mistral-window', {}, 'window'],
    ['llama-longrope', {}, 'rope'],
    ['qwen2-yarn', {}, 'rope'],
    ['llama-quick-gelu', {}, 'activation'],
    ['gpt-neox', {}, 'GPTNeoXForCausalLM; as GGUF files Nibble writes LlamaForCausalLM,'],
    ['llama-classifier', {}, 'LlamaForSequenceClassification'],
  ])('of %s is refused for what it could not say', async (name, config, message) => {
    await expect(saved(await golden(name, config))).rejects.toMatchObject({
      code: 'unsupported-architecture',
      message: expect.stringContaining(message) as string,
    });
  });

  const MIXED: QuantConfig = {
    ...{ quant_type: 'gguf', gguf_type: 'Q4_0', compute_dtype: 'float32' },
    skip_modules: ['model.layers.3'],
    by_layer: [
      { modules: ['down_proj'], as: { quant_type: 'gguf', gguf_type: 'Q8_0' } },
      { modules: ['q_proj'], as: { quant_type: 'gguf', gguf_type: 'Q4_1' } },
      { modules: ['k_proj'], as: { quant_type: 'gguf', gguf_type: 'IQ4_NL' } },
      { modules: ['v_proj'], as: { quant_type: 'mxfp4', scale_rule: 'even' } },
    ],
  };

  it('of each type has the codes that its weights were given', async () => {
    const files = await bundled('nibble-tiny');
    const copy = await saved(files, MIXED);
    await requireSaved(copy, MIXED);
    const own = await openModel(files);
    const told = await openModel(copy);
    for (const { name, aliases, rows, columns } of linearModules(own.config, own.checkpoint)) {
      const config = layerConfig(MIXED, aliases);
      const weights = await readWeight(own.checkpoint, `${name}.weight`);
      const back = isQuantizing(config)
        ? dequantize(
            await told.stored_quant!.layout.read(savedReader(told.checkpoint), name, [rows, columns]),
          )
        : await readWeight(told.checkpoint, `${name}.weight`);
      expect(back.data, name).toEqual(
        (isQuantizing(config) ? dequantize(quantize(weights, config)) : weights).data,
      );
    }
    expect(told.tokenizer.eos).toEqual(own.tokenizer.eos);
  });

  it('is refused where rows are no whole blocks, or the format is none of llama.cpp’s', async () => {
    const files = await bundled('nibble-tiny');
    const base = { compute_dtype: 'float32' } as const;
    await expect(saved(files, { quant_type: 'gguf', gguf_type: 'Q4_K', ...base })).rejects.toThrow(
      /multiples of 256/,
    );
    await expect(saved(files, { quant_type: 'nvfp4', ...base })).rejects.toThrow(
      /no type for NVFP4; allowed in a GGUF file: MXFP4, Q4_0/,
    );
  });
});
