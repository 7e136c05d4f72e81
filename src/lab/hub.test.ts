import { afterEach, expect, it, vi } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { openModel } from '../model/open_model.ts';
import { openHub, plainHub } from './hub.ts';

afterEach(() => vi.unstubAllGlobals());

/** A Hub whose one repository has files of these names. */
function hubWith(names: readonly string[]): void {
  const siblings = names.map((rfilename) => ({ rfilename }));
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ sha: 'a'.repeat(40), siblings })));
}

const REF = { kind: 'models', repo: 'owner/name', revision: 'main' } as const;

const OPTIONAL = [
  ...['generation_config.json', 'special_tokens_map.json', 'added_tokens.json', 'chat_template.jinja'],
  ...['model.safetensors.index.json', 'model-00001-of-00002.safetensors'],
  ...['adapter_config.json', 'adapter_model.safetensors'],
];

it('hands on all that opening a model or an adapter may read', async () => {
  const asked = new Set<string>();
  const files = randomLlama();
  await openModel({ ...files, open: (name) => (asked.add(name), files.open(name)) });
  const wanted = [...asked, ...OPTIONAL];
  hubWith(['README.md', ...wanted]);
  const { files: found } = await openHub(plainHub(), REF);
  expect([...found.names].sort()).toEqual([...wanted].sort());
});

it('hands on what goes with a copy of the model, and nothing of the folders below', async () => {
  const beside = ['vocab.json', 'merges.txt', 'tokenizer.model', 'chat_template.json'];
  hubWith([
    ...beside,
    'onnx/config.json',
    'checkpoint-500/model.safetensors',
    'original/a.safetensors',
    'training_args.bin',
  ]);
  expect((await openHub(plainHub(), REF)).files.names).toEqual(beside);
});

it('hands on everything of a data set', async () => {
  const names = ['README.md', 'data/test.parquet'];
  hubWith(names);
  expect((await openHub(plainHub(), { ...REF, kind: 'datasets' })).files.names).toEqual(names);
});
