import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { memoryFiles, type FileSet } from '../tensor/source.ts';
import { modelFolder } from './model_folder.ts';
import { openModel } from './open_model.ts';

const golden = (...names: string[]): FileSet => goldenFolder('gguf', names);

describe('modelFolder', () => {
  it('opens the one GGUF file in a folder as a model', async () => {
    const files = await modelFolder(golden('nibble-tiny.gguf'));
    const { config, stored_quant, checkpoint } = await openModel(files);
    expect(config).toMatchObject({ architecture: 'LlamaForCausalLM', hidden_size: 64, vocab_size: 1280 });
    expect(stored_quant).toMatchObject({ storage: { quant_type: 'gguf', gguf_type: 'Q8_0' }, others: [] });
    expect(checkpoint.metadata.get('general.name')).toBe('Nibble Tiny');
  });

  it('names what layers are stored in, the type of most first', async () => {
    const { stored_quant, warnings } = await openModel(await modelFolder(golden('types.gguf')));
    const types = [stored_quant!, ...stored_quant!.others].map(({ storage }) =>
      storage.quant_type === 'gguf' ? storage.gguf_type : storage.quant_type,
    );
    expect(types).toEqual(['Q6_K', 'Q4_0', 'Q4_1', 'Q8_0', 'IQ4_NL', 'Q4_K', 'Q5_0', 'MXFP4', 'IQ4_XS']);
    expect(stored_quant!.float_modules).toEqual([
      'model.layers.0.mlp.up_proj',
      'model.layers.1.self_attn.k_proj',
      'model.layers.1.self_attn.v_proj',
      'model.layers.1.mlp.down_proj',
    ]);
    expect(warnings).toEqual([
      expect.stringContaining('Q6_K, Q5_K, Q5_1 are computed with as float32'),
      'the Linear layers are stored in several formats: Q6_K (2 layers), Q4_0 (1 layer), Q4_1 (1 layer), Q8_0 (1 layer), IQ4_NL (1 layer), Q4_K (1 layer), Q5_0 (1 layer), MXFP4 (1 layer), IQ4_XS (1 layer)',
    ]);
  });

  it('leaves a folder with safetensors as it is', async () => {
    const files = memoryFiles({ 'model.safetensors': new Uint8Array(0), 'a.gguf': new Uint8Array(0) });
    expect(await modelFolder(files)).toBe(files);
  });

  it('asks which of several is meant, a projector of images aside', async () => {
    await expect(modelFolder(golden('a.gguf', 'b.gguf'))).rejects.toMatchObject({
      code: 'bad-arguments',
      message: expect.stringContaining(
        '2 GGUF files lie in one place, a.gguf and b.gguf among them',
      ) as string,
    });
    const files = await modelFolder({
      ...golden('nibble-tiny.gguf'),
      names: ['mmproj-F16.gguf', 'nibble-tiny.gguf'],
    });
    expect(files.names).toContain('nibble-tiny.gguf');
  });
});
