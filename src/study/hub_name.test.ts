import { expect, it } from 'vitest';
import { parseSpec } from './spec.ts';

const specOf = (ref: object) => ({
  version: 1,
  model: ref,
  configs: [{ quant_type: 'none' }],
  tasks: [{ task: 'mini_arc' }],
});
const read = (repo: string, revision?: string) => parseSpec(specOf({ source: 'hub', repo, revision })).model;

it.each([
  ['owner/name', 'main'],
  [' owner/name\n', 'main'],
  ['owner/name/', 'main'],
  ['hf.co/owner/name', 'main'],
  ['https://huggingface.co/owner/name', 'main'],
  ['http://www.huggingface.co/owner/name/', 'main'],
  ['https://huggingface.co/owner/name?library=transformers', 'main'],
  ['https://huggingface.co/owner/name/tree/main', 'main'],
  ['https://huggingface.co/owner/name/tree/v1.0/onnx', 'v1.0'],
  ['\u201cowner/name\u201d', 'main'],
  ['<https://huggingface.co/owner/name>.', 'main'],
  ['"owner/name",', 'main'],
  ['owner/\u200bname', 'main'],
  ['`hf.co/owner/name`', 'main'],
  ['\u300chttps://huggingface.co/owner/name/tree/v2\u300d', 'v2'],
  ['https://huggingface.co/owner/name/blob/abc123/config.json', 'abc123'],
])('%j is owner/name at %s', (repo, revision) => {
  expect(read(repo)).toEqual({ source: 'hub', repo: 'owner/name', revision });
  expect(read(repo, 'main')).toEqual({ source: 'hub', repo: 'owner/name', revision });
});

it.each([
  ['owner/name/model-Q4_K_M.gguf', 'main', 'model-Q4_K_M.gguf'],
  ['owner/name/q4/model.gguf', 'main', 'q4/model.gguf'],
  ['https://huggingface.co/owner/name/blob/v1/model.gguf', 'v1', 'model.gguf'],
  ['https://huggingface.co/owner/name/resolve/v1/model.gguf?download=true', 'v1', 'model.gguf'],
])('%j is a file of owner/name at %s', (repo, revision, file) => {
  expect(read(repo)).toEqual({ source: 'hub', repo: 'owner/name', revision, file });
});

it.each(['../a.gguf', 'a/../b.gguf', '/a.gguf', 'a//b.gguf', 'a.safetensors', '.a.gguf'])(
  'a file %j is refused',
  (file) => {
    expect(() => parseSpec(specOf({ source: 'hub', repo: 'owner/name', file }))).toThrow(/model.file/);
  },
);

it.each([
  ['', 'https://huggingface.co/owner/name/tree/v1'],
  ['owner/name', 'hf.co/owner/name/tree/v1'],
  ['owner/name', ' \u201cv1\u201d'],
])('%j at %j is owner/name at v1', (repo, revision) => {
  expect(read(repo, revision)).toEqual({ source: 'hub', repo: 'owner/name', revision: 'v1' });
});

it.each(['bundled', 'local'])("an address of the Hub as the name of a %s model is the Hub's", (source) => {
  const ref = { source, name: '<https://huggingface.co/owner/name/tree/v1>' };
  expect(parseSpec(specOf(ref)).model).toEqual({ source: 'hub', repo: 'owner/name', revision: 'v1' });
  expect(parseSpec(specOf({ source: 'local', name: 'owner/name' })).model).toEqual({
    source: 'local',
    name: 'owner/name',
  });
});

it('takes an adapter likewise', () => {
  const adapter = { source: 'hub', repo: 'hf.co/owner/lora/tree/v2' };
  expect(parseSpec(specOf({ source: 'bundled', name: 'nibble-tiny', adapter })).model.adapter).toEqual({
    source: 'hub',
    repo: 'owner/lora',
    revision: 'v2',
  });
});

it.each([
  ['https://huggingface.co/owner/name/tree/v1', 'v2'],
  ['https://huggingface.co/datasets/owner/name', undefined],
  ['https://example.com/owner/name', undefined],
  ['https://huggingface.co/owner', undefined],
  ['owner/../name', undefined],
  ['owner/name and others', undefined],
])('refuses %s at %s', (repo, revision) => {
  expect(() => read(repo, revision)).toThrow('model.repo is');
});

it('refuses a revision that is the address of another model', () => {
  expect(() => read('owner/name', 'https://huggingface.co/owner/other/tree/v1')).toThrow('model.revision is');
});
