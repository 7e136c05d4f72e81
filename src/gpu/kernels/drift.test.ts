import { describe, expect, it } from 'vitest';
import { KERNELS } from '../registry.ts';

/** The declarations of a shader, read from its text. */
function declared(wgsl: string) {
  const bindings = [...wgsl.matchAll(/@group\(0\) @binding\((\d+)\) var<([\w, ]+)> (\w+): ([\w<>]+);/g)].map(
    ([, binding, space, name, type]) => ({
      binding: Number(binding),
      space: space!,
      name: name!,
      type: type!,
    }),
  );
  const struct = /struct Params \{([^}]*)\}/.exec(wgsl)?.[1] ?? '';
  const params = [...struct.matchAll(/(\w+): (\w+)/g)].map(([, name, type]) => [name!, type!]);
  return { bindings, params: Object.fromEntries(params) as Record<string, string> };
}

/** The scalar in a storage type: array<vec4f> holds f32, array<vec2u> u32. */
const scalarOf = (type: string): string => (/f(32)?>$/.test(type) ? 'f32' : 'u32');

describe.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))('%s', (name, kernel) => {
  const { bindings, params } = declared(kernel.wgsl);

  it('has the uniform fields of its shader in order', () => {
    expect(Object.entries(params)).toEqual(Object.entries(kernel.params));
  });

  it('has the bindings of its shader in order', () => {
    const [uniform, ...buffers] = bindings;
    expect(uniform).toMatchObject({ binding: 0, space: 'uniform', name: 'params' });
    expect(buffers.map(({ name }) => name)).toEqual(Object.keys(kernel.bindings));
    expect(buffers.map(({ binding }) => binding)).toEqual(buffers.map((_, i) => i + 1));
    const accesses = buffers.map(({ space }) => (space === 'storage, read' ? 'read' : 'read_write'));
    const hosts = Object.values(kernel.bindings);
    expect(accesses).toEqual(hosts.map((access) => (access.startsWith('read ') ? 'read' : 'read_write')));
    expect(buffers.map(({ type }) => scalarOf(type))).toEqual(hosts.map((access) => access.split(' ')[1]));
  });

  // A check picks its cases by them: one left out would be a pipeline that no run compiles.
  it('declares the overrides that each of its cases sets', () => {
    const known = [...kernel.wgsl.matchAll(/override (\w+):/g)].map(([, override]) => override!).sort();
    for (const { name, overrides = {} } of kernel.cases()) {
      expect(Object.keys(overrides).sort(), name).toEqual(known);
    }
  });

  it('begins with the five lines that say what it does', () => {
    const header = kernel.wgsl.slice(kernel.wgsl.lastIndexOf('// computes'));
    for (const word of ['computes', 'inputs', 'output', 'invocation', 'tested by']) {
      expect(header).toMatch(new RegExp(`^// ${word}`, 'm'));
    }
    expect(name).toMatch(/^[a-z0-9_]+$/);
  });
});
