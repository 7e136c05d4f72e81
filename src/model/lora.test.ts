import { expect, it } from 'vitest';
import { zeros, type StoredTensor } from '../../test/fixtures/edit_model.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { memoryFiles } from '../tensor/source.ts';
import { headerOf } from '../tensor/write_safetensors.ts';
import { adaptedCheckpoint, openAdapter } from './lora.ts';
import { openWeights } from './open_model.ts';

const Q = 'base_model.model.model.layers.0.self_attn.q_proj';
const PAIR = { [`${Q}.lora_A.weight`]: zeros('F32', 4, 60), [`${Q}.lora_B.weight`]: zeros('F32', 60, 4) };

async function adapted(
  tensors: Record<string, StoredTensor>,
  more: object = {},
  tie_word_embeddings = false,
): Promise<string[]> {
  const header = headerOf(
    Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
  );
  const parts = [header, ...Object.values(tensors).map(({ bytes }) => bytes)];
  const json = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj'], ...more };
  const adapter = await openAdapter(
    memoryFiles({
      'adapter_config.json': new TextEncoder().encode(JSON.stringify(json)),
      'adapter_model.safetensors': new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()),
    }),
  );
  const { config, checkpoint } = await openWeights(randomLlama({ tie_word_embeddings }));
  const { tensors: now } = adaptedCheckpoint(adapter, config, checkpoint);
  return [...now].filter(([name, tensor]) => checkpoint.tensors.get(name) !== tensor).map(([name]) => name);
}

it('takes saved embeddings, heads and norms over those of the model', async () => {
  const names = ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'];
  const saved = names.map((name) => [`base_model.model.${name}`, zeros('F32', 4)] as const);
  expect(await adapted({ ...PAIR, ...Object.fromEntries(saved) }, { modules_to_save: ['lm_head'] })).toEqual(
    names,
  );
  expect(await adapted(PAIR, { modules_to_save: [] })).toEqual([]);
});

it.each([
  'base_model.model.model.embed_tokens.lora_embedding_A',
  'base_model.model.model.embed_tokens.trainable_tokens_delta',
  `${Q}.lora_magnitude_vector.weight`,
  'base_model.model.model.layers.0.self_attn.k_proj.weight',
  'base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight',
  'model.layers.0.self_attn.q_proj.lora_A.weight',
])('refuses %s, which nothing applies', async (name) => {
  await expect(adapted({ ...PAIR, [name]: zeros('F32', 4, 4) })).rejects.toThrow(
    `The adapter has ${name}, which`,
  );
});

it('refuses a module without its B, and matrices that do not fit its layer, before anything is loaded', async () => {
  const [[a, A]] = Object.entries(PAIR) as [[string, StoredTensor]];
  await expect(adapted({ [a]: A })).rejects.toThrow('q_proj.lora_B.weight" is not in the checkpoint');
  await expect(adapted({ ...PAIR, [a]: zeros('F32', 4, 56) })).rejects.toThrow('its layer makes it [60, r]');
  await expect(adapted(PAIR, { r: 8 })).rejects.toThrow('has rank 4; its adapter_config.json makes it 8');
});

it('refuses a saved embedding that is the head, too, and what adapter_config.json contradicts', async () => {
  const embedding = { 'base_model.model.model.embed_tokens.weight': zeros('F32', 4) };
  await expect(adapted({ ...PAIR, ...embedding }, {}, true)).rejects.toThrow('embed_tokens.weight, which');
  await expect(adapted(PAIR, { target_modules: ['v_proj'] })).rejects.toThrow('target_modules');
  await expect(adapted(PAIR, { modules_to_save: ['lm_head'] })).rejects.toThrow('no such weights');
  await expect(adapted({})).rejects.toThrow('has no tensors');
});
