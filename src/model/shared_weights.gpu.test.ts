import { afterAll, expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import { readBack } from '../gpu/device/buffers.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { FileSet } from '../tensor/source.ts';
import { openModel } from './open_model.ts';
import { withModel } from './session.ts';
import { openShared } from './shared_weights.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const NF4: QuantConfig = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' };
const CONFIGS: QuantConfig[] = [
  NF4,
  { ...NF4, double_quant: true },
  { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
  { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' },
  { quant_type: 'none', compute_dtype: 'float32' },
];

/** A model whose file counts what is read of its weights. */
function counted(files: FileSet): { files: FileSet; read: { bytes: number } } {
  const read = { bytes: 0 };
  return {
    read,
    files: {
      ...files,
      async open(name) {
        const source = await files.open(name);
        if (name !== 'model.safetensors') return source;
        return {
          ...source,
          slice(begin, end) {
            read.bytes += end - begin;
            return source.slice(begin, end);
          },
          fill(begin, target) {
            read.bytes += target.byteLength;
            return source.fill!(begin, target);
          },
        };
      },
    },
  };
}

it('a second configuration reads and keeps again only what it quantizes', async () => {
  const { files, read } = counted(randomLlama());
  const model = await openModel(files);
  const sizes = [...model.checkpoint.tensors.values()].map(({ info }) => ({
    name: info.name,
    bytes: info.data_offsets[1] - info.data_offsets[0],
  }));
  const sum = (some: typeof sizes) => some.reduce((total, { bytes }) => total + bytes, 0);
  const linears = sum(sizes.filter(({ name }) => name.includes('_proj')));
  const before = gpu.allocated.bytes;
  const shared = openShared(gpu);
  for (const [i, config] of CONFIGS.entries()) {
    read.bytes = 0;
    const alone = await withModel(gpu, model, config, ({ weights }) => Promise.resolve(weights.bytes));
    expect(read.bytes).toBe(sum(sizes));
    read.bytes = 0;
    await withModel(gpu, { ...model, shared }, config, async ({ weights }) => {
      // They take what they take by themselves, and the table holds what the file does.
      expect(weights.bytes).toBe(alone);
      const [part] = weights.embedding.parts;
      const stored = await openModel(randomLlama()).then(({ checkpoint }) => {
        const { info, shard } = checkpoint.tensors.get('model.embed_tokens.weight')!;
        const begin = shard.header.data_start + info.data_offsets[0];
        return shard.source.slice(begin, begin + 100);
      });
      if (part?.storage !== 'float') throw new Error('an embedding of floats');
      expect(new Uint8Array(await readBack(gpu, part.weight, 100))).toEqual(stored);
    });
    expect(read.bytes).toBe(i === 0 ? sum(sizes) : linears);
  }
  expect(gpu.allocated.bytes).toBe(before + shared.bytes);
  shared.close();
  expect(gpu.allocated.bytes).toBe(before);
});

it('a configuration that fails leaves nothing for the next to find', async () => {
  const model = await openModel(randomLlama());
  const shared = openShared(gpu);
  const before = gpu.allocated.bytes;
  await withModel(gpu, { ...model, shared }, NF4, () => Promise.resolve());
  expect(shared.bytes).toBeGreaterThan(0);
  const stop = withModel(gpu, { ...model, shared }, NF4, () => Promise.reject(new Error('stopped')));
  await expect(stop).rejects.toThrow('stopped');
  expect([shared.bytes, gpu.allocated.bytes, shared.has('model.embed_tokens.weight')]).toEqual([
    0,
    before,
    false,
  ]);
});
