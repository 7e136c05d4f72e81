import { describe, expect, it } from 'vitest';
import type { ModelIdentity } from '../study/result.ts';
import type { ModelRef } from '../study/spec.ts';
import { pinned, requireSame } from './identity.ts';

const identity = (parts: Partial<ModelIdentity>): ModelIdentity => ({
  name: 'a/b',
  architecture: 'LlamaForCausalLM',
  parameters: 1,
  files: {},
  ...parts,
});

describe('a run that goes on', () => {
  it('asks for the commits it was begun with, of model and adapter, and a new one for its branches', () => {
    const adapter = { source: 'hub', repo: 'a/lora', revision: 'main' } as const;
    const model: ModelRef = { source: 'hub', repo: 'a/b', revision: 'v1', adapter };
    expect(pinned(model, undefined)).toEqual({ model, adapter });
    const before = identity({ revision: 'c1', adapter: { revision: 'c2', files: {} } });
    expect(pinned(model, before)).toEqual({
      model: { ...model, revision: 'c1' },
      adapter: { ...adapter, revision: 'c2' },
    });
    const local: ModelRef = { source: 'local', name: 'x' };
    expect(pinned(local, before)).toEqual({ model: local, adapter: undefined });
  });

  it('takes the same files, also where an old record has no hashes of a Hub model', () => {
    const file = (sha256?: string, bytes = 5) => ({ 'model.safetensors': { bytes, sha256 } });
    const hashed = identity({ revision: 'c1', files: file('aa') });
    const old = identity({ revision: 'c1', files: file() });
    for (const before of [hashed, old]) expect(() => requireSame(before, hashed)).not.toThrow();
    expect(() => requireSame(old, identity({ revision: 'c1', files: file('aa', 6) }))).toThrow(
      'The run was begun with another model.safetensors',
    );
    expect(() => requireSame(hashed, identity({ revision: 'c1', files: file('bb') }))).toThrow(
      'another model.safetensors',
    );
    expect(() => requireSame(hashed, identity({ revision: 'c2', files: file('aa') }))).toThrow(
      'another revision, c1',
    );
    const folder = identity({ files: file('aa') });
    expect(() => requireSame(folder, identity({ files: file() }))).toThrow('another model.safetensors');
  });
});
