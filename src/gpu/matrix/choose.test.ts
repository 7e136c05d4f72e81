import { describe, expect, it } from 'vitest';
import type { Gpu } from '../device/device.ts';
import { canRun, type Kernel, type Requirements } from '../device/kernel.ts';
import { chooseMatmul, choicesOf, decodingFormName, MATMULS, type Phase } from './choose.ts';
import { STORAGES, type StorageName } from './matrix.ts';

const gpuWith = (
  language: string[] = [],
  features: string[] = [],
  limits: Record<string, number> = {},
  architecture = 'ampere',
  pinned: Gpu['pinned'] = {},
  more: Partial<Pick<Gpu, 'forced' | 'tuned'>> = {},
  adapterInfo?: GPUAdapterInfo,
): Gpu =>
  ({
    device: { features: new Set(features), limits, adapterInfo },
    adapter: { language_features: language, architecture },
    pinned,
    forced: {},
    ...more,
  }) as unknown as Gpu;

const subgroupsOf = (subgroupMinSize: number, subgroupMaxSize: number): GPUAdapterInfo =>
  ({ subgroupMinSize, subgroupMaxSize }) as GPUAdapterInfo;

const PLAIN = gpuWith();
const ON_CPU = gpuWith([], [], {}, 'swiftshader');
const PACKED = gpuWith(['packed_4x8_integer_dot_product']);
const PHASES: Phase[] = ['prefill', 'decode'];
const storages = Object.keys(STORAGES) as StorageName[];

it.each<[StorageName, Phase, number, number, string]>([
  ['float', 'decode', 1, 576, 'matvec_staged_float'],
  ['float', 'decode', 2, 576, 'matvec_staged_8_float'],
  ['blockwise', 'prefill', 1, 4096, 'tile_32_blockwise'],
  ['blockwise', 'prefill', 512, 576, 'tile_32_blockwise'],
  ['blockwise', 'prefill', 512, 4096, 'tile_64_blockwise'],
  ['int8', 'prefill', 48, 1024, 'tile_64_int8'],
  ['llm_int8', 'prefill', 9, 9, 'matvec_llm_int8'],
  ['llm_int8', 'decode', 1, 9, 'matvec_llm_int8'],
  ['llm_int8', 'prefill', 16, 9, 'tile_llm_int8'],
])('%s, %s, %i tokens, %i rows: %s', (storage, phase, M, N, name) => {
  expect(chooseMatmul(PLAIN, storage, phase, { M, N }).name).toBe(name);
});

it.each([1, 70])('on an adapter that computes on the CPU, %i tokens are a tile of a lane each', (M) => {
  expect(chooseMatmul(ON_CPU, 'bytes', 'prefill', { M, N: 4096 }).name).toBe('tile_bytes');
});

it('a form that only other adapters prefer is taken where it is pinned', () => {
  const pinned = gpuWith([], [], {}, 'ampere', { decode: 'matvec' });
  expect(chooseMatmul(pinned, 'int8', 'decode', { M: 1, N: 9 }).name).toBe('matvec_int8');
});

it('takes a pinned form for every shape', () => {
  const pinned = gpuWith([], [], {}, 'ampere', { prefill: 'tile_64' });
  expect(chooseMatmul(pinned, 'int8', 'prefill', { M: 1, N: 9 }).name).toBe('tile_64_int8');
  expect(chooseMatmul(pinned, 'int8', 'decode', { M: 1, N: 9 }).name).toBe('matvec_staged_int8');
  expect(choicesOf(pinned, 'int8', 'prefill').map(({ name }) => name)).toEqual(['tile_64_int8']);
});

it('takes the forms that were fastest here, by tokens and rows', () => {
  const tuned = [
    { phase: 'prefill', form: 'tile_64', M: 48, N: 1 },
    { phase: 'prefill', form: 'tile', M: 1, N: 1 },
    { phase: 'decode', form: 'matvec', M: 1, N: 1 },
  ] as const;
  const gpu = gpuWith([], [], {}, 'ampere', {}, { tuned });
  const taken = (phase: Phase, M: number) => chooseMatmul(gpu, 'int8', phase, { M, N: 9 }).name;
  expect(taken('prefill', 48)).toBe('tile_64_int8');
  expect(taken('prefill', 47)).toBe('tile_int8');
  expect(taken('decode', 1)).toBe('matvec_int8');
  expect(choicesOf(gpu, 'int8', 'prefill').map(({ name }) => name)).toEqual(['tile_64_int8', 'tile_int8']);
  expect(chooseMatmul(gpu, 'llm_int8', 'prefill', { M: 9, N: 9 }).name).toBe('matvec_llm_int8');
});

it('takes the form that was asked for before those, and one that a record names before that', () => {
  const more = {
    forced: { decode: 'matvec_fused' },
    tuned: [{ phase: 'decode', form: 'matvec', M: 1, N: 1 }],
  } as const;
  const name = (pinned: Gpu['pinned']) =>
    chooseMatmul(gpuWith([], [], {}, 'swiftshader', pinned, more), 'float', 'decode', { M: 1, N: 9 }).name;
  expect(name({})).toBe('matvec_fused_float');
  expect(name({ decode: 'matvec' })).toBe('matvec_float');
});

it('takes subgroups where they are granted, and the other form elsewhere', () => {
  const granted = gpuWith([], ['subgroups']);
  expect(chooseMatmul(granted, 'float', 'decode', { M: 1, N: 9 }).name).toBe('matvec_staged_subgroups_float');
  expect(decodingFormName(granted)).toBe('matvec_staged_subgroups');
  expect(decodingFormName(PLAIN)).toBe('matvec_staged');
});

it.each<[GPUAdapterInfo | undefined, string, string]>([
  [subgroupsOf(8, 8), 'tile_shuffled', 'matvec_shuffled'],
  [subgroupsOf(4, 4), 'tile', 'matvec'],
  [subgroupsOf(8, 32), 'tile', 'matvec'],
  [undefined, 'tile', 'matvec'],
])('on an adapter that computes on the CPU, subgroups %o: %s and %s', (adapterInfo, tile, matvec) => {
  const gpu = gpuWith([], ['subgroups'], {}, 'swiftshader', {}, {}, adapterInfo);
  expect(chooseMatmul(gpu, 'blockwise', 'prefill', { M: 70, N: 9 }).name).toBe(`${tile}_blockwise`);
  expect(decodingFormName(gpu)).toBe(matvec);
});

it('takes packed dot products where the browser has them', () => {
  expect(chooseMatmul(PACKED, 'llm_int8', 'decode', { M: 1, N: 9 }).name).toBe('matvec_llm_int8_packed');
  const names = (gpu: Gpu) => choicesOf(gpu, 'llm_int8', 'prefill').map(({ name }) => name);
  expect(names(PACKED)).toEqual(['tile_llm_int8_packed', 'matvec_llm_int8_packed']);
  expect(names(ON_CPU)).toEqual(['gemm_llm_int8']);
});

describe.each([PLAIN, ON_CPU])('on a device without extras', (gpu) => {
  it.each(storages.flatMap((storage) => PHASES.map((phase) => [storage, phase] as const)))(
    '%s has a kernel to %s with, for any shape',
    (storage, phase) => {
      const sizes = Array.from({ length: 80 }, (_, i) => i + 1);
      const answers = sizes.flatMap((M) =>
        sizes.map((n) => chooseMatmul(gpu, storage, phase, { M, N: 31 * n })),
      );
      expect(new Set(answers)).toEqual(new Set(choicesOf(gpu, storage, phase)));
    },
  );
});

it('names every form over every storage once', () => {
  const names = MATMULS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

it.each<[string, Requirements | undefined, boolean, boolean]>([
  ['nothing', undefined, true, true],
  ['a language feature', { language_features: ['packed_4x8_integer_dot_product'] }, false, true],
  ['a device feature', { features: ['subgroups'] }, false, true],
  ['a limit', { limits: { maxComputeWorkgroupStorageSize: 32768 } }, false, true],
  [
    'one of two',
    { features: ['subgroups'], limits: { maxComputeWorkgroupStorageSize: 65536 } },
    false,
    false,
  ],
])('a kernel that requires %s', (_, requires, onPlain, onRich) => {
  const kernel = { requires } as Kernel;
  const plain = gpuWith([], [], { maxComputeWorkgroupStorageSize: 16384 });
  const rich = gpuWith(['packed_4x8_integer_dot_product'], ['subgroups'], {
    maxComputeWorkgroupStorageSize: 32768,
  });
  expect([canRun(plain, kernel), canRun(rich, kernel)]).toEqual([onPlain, onRich]);
});
