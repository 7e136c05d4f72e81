import { expect, it } from 'vitest';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import { memoryFiles } from '../tensor/source.ts';
import { parseConfig } from './config.ts';
import { linearModules } from './modules.ts';
import { hasOwnHead, modelTensors } from './tensors.ts';

const TIED = parseConfig({
  model_type: 'llama',
  hidden_size: 16,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  intermediate_size: 16,
  vocab_size: 3,
  tie_word_embeddings: true,
});

/** A checkpoint of the last norm and some tables [3, 16] in float32, filled with a number each. */
async function checkpointOf(tables: Record<string, number>, prefix = 'model.') {
  const header: Record<string, object> = {};
  const values: number[] = [];
  const place = (name: string, shape: number[], value: number) => {
    const n = shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [4 * values.length, 4 * (values.length + n)] };
    values.push(...new Array<number>(n).fill(value));
  };
  place(`${prefix}norm.weight`, [16], 1);
  for (const [name, value] of Object.entries(tables)) place(name, [3, 16], value);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + 4 * values.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(new Uint8Array(Float32Array.from(values).buffer), 8 + text.length);
  return openCheckpoint(memoryFiles({ 'model.safetensors': file }));
}

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

it.each([
  ['both and equal', { [EMBEDDING]: 1, [HEAD]: 1 }, false, EMBEDDING],
  ['both and different', { [EMBEDDING]: 1, [HEAD]: 2 }, true, EMBEDDING],
  ['only the head', { [HEAD]: 2 }, false, HEAD],
  ['only the embedding', { [EMBEDDING]: 1 }, false, EMBEDDING],
])('of a tied pair a checkpoint holds %s', async (_, tables, own, embedding) => {
  const checkpoint = await checkpointOf(tables);
  expect(await hasOwnHead(TIED, checkpoint)).toBe(own);
  expect(modelTensors(TIED, checkpoint).embedding.name).toBe(embedding);
});

it('a base model saved by itself has no prefix', async () => {
  const checkpoint = await checkpointOf({ 'embed_tokens.weight': 1 }, '');
  expect(modelTensors(TIED, checkpoint).embedding.name).toBe('embed_tokens.weight');
  expect(linearModules(TIED, checkpoint)[0]!.name).toBe('layers.0.self_attn.q_proj');
});
