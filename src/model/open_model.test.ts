import { describe, expect, it } from 'vitest';
import { editModel, zeros, type StoredTensor } from '../../test/fixtures/edit_model.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { savedModel } from '../../test/fixtures/saved_model.ts';
import type { QuantConfig } from '../quant/config.ts';
import { memorySource, type FileSet } from '../tensor/source.ts';
import { footprintOf } from './footprint.ts';
import { openModel, openWeights } from './open_model.ts';
import { effectiveConfig } from './stored_quant.ts';

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const LLM_INT8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;
const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const Q = 'model.layers.0.self_attn.q_proj';

describe('what another quantizer made is refused by its name', () => {
  const packed = (suffix: string) => (tensors: Map<string, StoredTensor>) => {
    tensors.delete(`${Q}.weight`);
    tensors.set(`${Q}.${suffix}`, zeros('I32', 8, 60));
  };

  it.each([
    ['quanto', 'weight'],
    ['marlin', 'B'],
    ['bitnet', 'weight'],
    ['nvfp4', 'weight'],
    ['eetq', 'weight'],
    ['a-method-of-next-year', 'anything'],
  ])('%s', async (quant_method, suffix) => {
    const files = await editModel(randomLlama(), {
      config: { quantization_config: { quant_method, bits: 4 } },
      tensors: packed(suffix),
    });
    await expect(openModel(files)).rejects.toMatchObject({
      code: 'unsupported-quantization',
      message: `config.json says the checkpoint is quantized by ${quant_method}; Nibble opens bitsandbytes' NF4, FP4 and LLM.int8(), GPTQ, AWQ, compressed-tensors, FP8, HQQ, and unquantized weights.`,
    });
  });

  it.each([
    [{ quantization: { group_size: 64, bits: 4 } }, 'by MLX'],
    [{ quantization: { bits: 4 }, quantization_config: { bits: 4 } }, 'by MLX'],
    [{ compression_config: { format: 'pack-quantized' } }, 'by compressed-tensors'],
    [{ text_config: { quantization_config: { quant_method: 'eetq' } } }, 'by eetq'],
    [{ quantization_config: { bits: 3 } }, 'by a method that its quantization_config, {"bits":3}, does not'],
    [{ quantization_config: 'int4' }, 'by int4'],
  ])('config.json with %j', async (config, message) => {
    await expect(openWeights(await editModel(randomLlama(), { config }))).rejects.toThrow(message);
  });

  const gptq = { quant_method: 'gptq', bits: 4, group_size: 128 };
  const awq = { quant_method: 'awq', bits: 4, group_size: 128 };
  const ct = (weights: object, fields: object = {}) => ({
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    config_groups: { group_0: { targets: ['Linear'], weights } },
    ...fields,
  });
  const hqq = (weight_quant_params: object) => ({
    quant_method: 'hqq',
    quant_config: { weight_quant_params },
  });
  const int4 = { num_bits: 4, type: 'int', strategy: 'group', group_size: 128 };

  it.each([
    [{ ...gptq, bits: 3 }, 'GPTQ has bits: 3; Nibble opens 4'],
    [{ ...gptq, group_size: 12 }, 'group_size: 12; Nibble opens multiples of 8, and -1'],
    [{ ...awq, group_size: 100 }, 'group_size: 100'],
    [ct({ ...int4, group_size: 12 }), 'group_size: 12'],
    [{ ...gptq, is_marlin_format: true }, 'is_marlin_format: true'],
    [{ ...gptq, checkpoint_format: 'marlin' }, 'checkpoint_format: "marlin"'],
    [{ ...gptq, pack_dtype: 'int16' }, 'pack_dtype: "int16"'],
    [
      { ...gptq, dynamic: { '+:.*down_proj': { bits: 8 } } },
      'dynamic of +:.*down_proj: {"bits":8}; Nibble opens layers of 4',
    ],
    [hqq({ nbits: 3, axis: 1, group_size: 64 }), 'HQQ has nbits: 3; Nibble opens 4'],
    [hqq({ nbits: 4, axis: 0, group_size: 64 }), 'HQQ has axis: 0; Nibble opens 1'],
    [{ ...gptq, rotation: 'hadamard' }, 'quantization_config has rotation: hadamard'],
    [{ ...awq, version: 'gemv' }, 'AWQ has version: "gemv"; Nibble opens gemm'],
    [{ ...awq, zero_point: false }, 'zero_point: false'],
    [ct(int4, { format: 'marlin-24' }), 'marlin-24 of 4-bit int'],
    [ct({ ...int4, actorder: 'group' }), 'actorder: "group"'],
    [ct(int4, { kv_cache_scheme: { num_bits: 8 } }), 'kv_cache_scheme'],
    [ct(int4, { transform_config: { config_groups: {} } }), 'transform_config'],
    [ct(int4, { sparsity_config: { format: 'sparse-24-bitmask' } }), 'sparsity_config.format'],
    [
      ct(int4, { config_groups: { group_0: { weights: int4, input_activations: { num_bits: 8 } } } }),
      'input_activations',
    ],
    [{ quant_method: 'fp8', weight_block_size: [64, 64] }, 'weight_block_size: [64,64]'],
    [{ quant_method: 'fp8', activation_scheme: 'static' }, 'activation_scheme: "static"'],
  ])('%j', async (quantization_config, message) => {
    const files = await editModel(randomLlama(), { config: { quantization_config } });
    await expect(openWeights(files)).rejects.toMatchObject({
      code: 'unsupported-quantization',
      message: expect.stringContaining(message) as string,
    });
  });

  it('before its architecture is looked at', async () => {
    const config = { architectures: ['MambaForCausalLM'], quantization_config: { quant_method: 'eetq' } };
    await expect(openWeights(await editModel(randomLlama(), { config }))).rejects.toThrow('by eetq');
  });

  it('where config.json does not say it, but the dtype of a weight does', async () => {
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const files = await editModel(randomLlama(), {
      tensors: (tensors) => {
        const { shape } = tensors.get(name)!;
        tensors.set(name, { dtype: 'I8', shape, bytes: new Uint8Array(shape[0]! * shape[1]!) });
      },
    });
    await expect(openWeights(files)).rejects.toThrow(
      `${name} is I8, as quantizers store it, but config.json`,
    );
  });

  it('where config.json does not say it, but tensors do', async () => {
    const files = await editModel(randomLlama(), { tensors: packed('qweight') });
    await expect(openWeights(files)).rejects.toThrow(`${Q}.qweight, as GPTQ or AWQ stores it`);
    const nf4 = await editModel(await savedModel(randomLlama(), NF4), {
      config: { quantization_config: null },
    });
    await expect(openWeights(nf4)).rejects.toThrow('as bitsandbytes stores it, but config.json has no');
  });
});

describe("bitsandbytes' config", () => {
  const settings = { quant_method: 'bitsandbytes', load_in_4bit: true };

  it('over float weights is a warning, and they are unquantized', async () => {
    const files = await editModel(randomLlama(), { config: { quantization_config: settings } });
    const { stored_quant, warnings } = await openWeights(files);
    expect(stored_quant).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/bitsandbytes quantized .* it runs as unquantized$/)]);
  });

  it('with a key that is not known is refused, unless it is off', async () => {
    const open = (more: object) =>
      editModel(randomLlama(), { config: { quantization_config: { ...settings, ...more } } }).then(
        openWeights,
      );
    await expect(open({ llm_int8_has_fp16_weight: true })).rejects.toThrow('llm_int8_has_fp16_weight: true');
    await expect(open({ later: [1] })).rejects.toThrow('quantization_config has later: [1]');
    await expect(open({ later: null, llm_int8_has_fp16_weight: false })).resolves.toBeDefined();
  });

  it('of other bits than the tensors is refused', async () => {
    const files = await editModel(await savedModel(randomLlama(), LLM_INT8), {
      config: { quantization_config: settings },
    });
    await expect(openWeights(files)).rejects.toMatchObject({
      code: 'bad-quant-state',
      message: `config.json says that bitsandbytes loads the checkpoint in 4 bit, but ${Q} is stored as llm_int8.`,
    });
  });

  it.each(['lm_head', 'model.embed_tokens'])('of a quantized %s is refused', async (name) => {
    const files = await editModel(await savedModel(randomLlama(), NF4), {
      tensors(tensors) {
        tensors.set(`${name}.weight`, zeros('U8', (211 * 60) / 2, 1));
        tensors.set(`${name}.weight.quant_state.bitsandbytes__nf4`, zeros('U8', 80));
      },
    });
    await expect(openWeights(files)).rejects.toThrow(`${name} is quantized by bitsandbytes`);
  });
});

describe('layers that a quantized checkpoint leaves unquantized', () => {
  const skip_modules = ['down_proj', 'model.layers.1.self_attn'];
  const left = [
    'model.layers.0.mlp.down_proj',
    ...['q', 'k', 'v', 'o'].map((letter) => `model.layers.1.self_attn.${letter}_proj`),
    'model.layers.1.mlp.down_proj',
  ];

  it.each([NF4, { ...NF4, double_quant: true }, LLM_INT8])('stay so: %j', async (config) => {
    const files = await savedModel(randomLlama(), { ...config, skip_modules });
    const { stored_quant } = await openWeights(files);
    expect(stored_quant!.float_modules).toEqual(left);
    expect(effectiveConfig(FLOAT, stored_quant)).toEqual({ ...config, skip_modules: left });
  });

  it('stay so where quantization_config does not name them', async () => {
    const saved = await savedModel(randomLlama(), { ...NF4, skip_modules });
    const config = { quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } };
    const { stored_quant } = await openWeights(await editModel(saved, { config }));
    expect(stored_quant!.float_modules).toEqual(left);
  });

  it('count as what they are', async () => {
    const { config } = await openWeights(randomLlama());
    const [all, part] = [NF4, { ...NF4, skip_modules }].map((quant) => footprintOf(config, quant, 'float16'));
    const kept = 2 * 60 * 100 + 2 * 60 * 60 + 2 * 20 * 60;
    expect(part!.bitsandbytes_bytes - all!.bitsandbytes_bytes).toBe(kept * (2 - 1 / 2));
    // Beside half a byte a weight, an absmax of 4 bytes for each block of 64.
    const scales = 4 * (2 * Math.ceil(6000 / 64) + 2 * Math.ceil(3600 / 64) + 2 * Math.ceil(1200 / 64));
    expect(part!.actual_bytes - all!.actual_bytes).toBe(kept * (2 - 1 / 2) - scales);
    expect(part!.bits_per_weight).toBeCloseTo(
      all!.bits_per_weight + (8 * (kept * 1.5 - scales)) / (2 * 27_600),
      9,
    );
  });
});

describe('tensors that nothing reads', () => {
  const warningsWith = async (...names: string[]) => {
    const files = await editModel(randomLlama(), {
      tensors: (tensors) => names.forEach((name) => tensors.set(name, zeros('F32', 4))),
    });
    return (await openWeights(files)).warnings;
  };

  it('are no warning where a table says why they change nothing', async () => {
    expect(
      await warningsWith('model.layers.0.self_attn.rotary_emb.inv_freq', 'h.0.attn.masked_bias'),
    ).toEqual([]);
  });

  it('are one warning with their names', async () => {
    expect(await warningsWith(`${Q}.bias`)).toEqual([
      `not read, because config.json makes no such tensor: 1 tensor, ${Q}.bias`,
    ]);
    expect(await warningsWith('a.b', 'a.c', 'a.d', 'a.e', `${Q}.weight.absmaximum`)).toEqual([
      'not read, because config.json makes no such tensor: 5 tensors, a.b, a.c, a.d and 2 more',
    ]);
  });

  it('are said of a vision tower', async () => {
    expect(await warningsWith('vision_tower.patch.weight', 'model.visual.x')).toEqual([
      'not read, because text does not reach them: 2 tensors, vision_tower.patch.weight, model.visual.x',
    ]);
  });

  it("are none of bitsandbytes' own", async () => {
    for (const config of [NF4, { ...NF4, double_quant: true }, LLM_INT8])
      expect((await openWeights(await savedModel(randomLlama(), config))).warnings).toEqual([]);
  });
});

describe('a folder from before tokenizer.json', () => {
  const folder = (golden: string, texts: Record<string, string>): FileSet => {
    const own = goldenFolder(`models/${golden}`, ['config.json', 'model.safetensors']);
    return {
      names: [...own.names, ...Object.keys(texts)],
      open: async (name) =>
        name in texts ? memorySource(name, new TextEncoder().encode(texts[name])) : own.open(name),
    };
  };
  const vocab = JSON.stringify({ '</s>': 2, a: 3, Ġ: 4, Ġa: 5, b: 6 });
  const merges = '#version: 0.2\nĠ a\n';
  const settings = JSON.stringify({ bos_token: '</s>', eos_token: '</s>', add_bos_token: true });

  it('opens by vocab.json and merges.txt, with the BOS that its settings ask for', async () => {
    const files = { 'vocab.json': vocab, 'merges.txt': merges, 'tokenizer_config.json': settings };
    const { tokenizer } = await openModel(folder('opt', files));
    expect(tokenizer.encode('a ab')).toEqual([2, 3, 5, 6]);
    expect(tokenizer.bos_in_front).toBe(true);
  });

  it('is refused where the class is made of other files, or a line is no merge', async () => {
    await expect(openModel(folder('olmo2', { 'vocab.json': vocab, 'merges.txt': merges }))).rejects.toThrow(
      'tokenizer.json is missing; GPT2Tokenizer, CodeGenTokenizer, GPTNeoXTokenizer, Qwen2Tokenizer can do with vocab.json and merges.txt, and the tokenizer is a TokenizersBackend. AutoTokenizer.from_pretrained(folder).save_pretrained(folder) of transformers writes one.',
    );
    await expect(openModel(folder('opt', { 'vocab.json': vocab }))).rejects.toThrow('merges.txt is missing');
    await expect(
      openModel(folder('opt', { 'vocab.json': vocab, 'merges.txt': `${merges}Ġ a b\n` })),
    ).rejects.toThrow('merges.txt: line 3 is "Ġ a b"; it must be two tokens with a blank between.');
  });
});
