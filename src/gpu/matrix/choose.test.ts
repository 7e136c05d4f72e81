import { expect, it } from 'vitest';
import type { Gpu } from '../device/device.ts';
import { canRun, type Kernel, type Requirements } from '../device/kernel.ts';
import { chooseMatmul, choicesOf, MATMULS } from './choose.ts';
import { STORAGES, type StorageName } from './matrix.ts';

const gpuWith = (
  language: string[] = [],
  features: string[] = [],
  limits: Record<string, number> = {},
): Gpu =>
  ({
    device: { features: new Set(features), limits },
    adapter: { language_features: language },
  }) as unknown as Gpu;

const PLAIN = gpuWith();
const PACKED = gpuWith(['packed_4x8_integer_dot_product']);
const storages = Object.keys(STORAGES) as StorageName[];

it.each<[StorageName, number, string]>([
  ['float', 1, 'matvec_float'],
  ['float', 3, 'matvec_float'],
  ['float', 4, 'tile_float'],
  ['blockwise', 2, 'matvec_blockwise'],
  ['blockwise', 512, 'tile_blockwise'],
  ['int8', 1, 'matvec_int8'],
  ['int8', 9, 'tile_int8'],
  ['llm_int8', 1, 'gemm_llm_int8'],
])('%s, %i tokens: %s', (storage, M, name) => {
  expect(chooseMatmul(PLAIN, storage, { M }).name).toBe(name);
});

it('takes packed dot products where the browser has them', () => {
  expect(chooseMatmul(PACKED, 'llm_int8', { M: 1 }).name).toBe('gemm_llm_int8_packed');
  expect(choicesOf(PACKED, 'llm_int8')).toHaveLength(1);
});

it.each(storages)('%s: has a kernel for any number of tokens on a device without extras', (storage) => {
  const answers = Array.from({ length: 600 }, (_, M) => chooseMatmul(PLAIN, storage, { M: M + 1 }));
  expect(new Set(answers)).toEqual(new Set(choicesOf(PLAIN, storage)));
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
