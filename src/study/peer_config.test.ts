import { expect, test } from 'vitest';
import { configName } from '../quant/config.ts';
import { specHash } from './permalink.ts';
import { parseSpec } from './spec.ts';
import { printSpec, readSpec } from './spec_query.ts';

const specOf = (...configs: unknown[]) => ({
  version: 1,
  model: { source: 'bundled', name: 'nibble-tiny' },
  configs: [{ quant_type: 'none' }, ...configs],
  tasks: [{ task: 'mini_arc', limit: 2 }],
});

test('a peer is spelled by its engine, and means the same in a link', async () => {
  const spec = parseSpec(
    specOf(
      { peer: 'transformers.js', dtype: 'bnb4', device: 'webgpu', repo: 'owner/name' },
      { peer: 'transformers.js' },
      { peer: 'wllama' },
    ),
  );
  expect(spec.configs.slice(1).map(configName)).toEqual([
    'transformers.js bnb4 · webgpu · owner/name',
    'transformers.js q4 · wasm',
    'wllama q4_0 · wasm',
  ]);
  expect(printSpec(spec)).toContain(
    'peer:dtype=bnb4:device=webgpu:repo=owner%2Fname,peer,peer:peer=wllama:dtype=q4_0',
  );
  expect(parseSpec(readSpec(printSpec(spec)))).toEqual(spec);
  expect(await specHash(spec)).toContain('peer');
});

test.each([
  [{ peer: 'llamafile' }, 'configs[1].peer is "llamafile"; allowed: "transformers.js", "wllama"'],
  [{ peer: 'wllama', dtype: 'q4' }, 'configs[1].dtype is "q4"; allowed: "f32", "f16"'],
  [{ peer: 'transformers.js', dtype: 'q4_0' }, 'configs[1].dtype is "q4_0"; allowed: "fp32", "fp16"'],
  [{ peer: 'wllama', device: 'webgpu' }, 'configs[1].device is "webgpu"; allowed: "wasm"'],
  [{ peer: 'transformers.js', dtype: 'q5' }, 'configs[1].dtype is "q5"; allowed: "fp32"'],
  [{ peer: 'transformers.js', device: 'npu' }, 'configs[1].device is "npu"; allowed: "wasm", "webgpu"'],
  [
    { peer: 'transformers.js', repo: '../x' },
    'configs[1].repo is "../x"; allowed: a Hub repository, owner/name',
  ],
  [
    { peer: 'transformers.js', bits: 4 },
    'configs[1].bits is an unknown key; allowed: quant_type, peer, dtype, device, repo',
  ],
])('%j is refused', (config, said) => {
  expect(() => parseSpec(specOf(config))).toThrow(said);
});
