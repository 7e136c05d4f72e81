import { expect, test } from 'vitest';
import { parseOptions, printOptions } from './page_options.ts';

test('options come back from their link', () => {
  const options = {
    embed: false,
    projector: true,
    title: 'Week 3: 4 bits & more',
    lesson: 'block-size',
    hidden: ['outliers', 'seed'] as const,
  };
  expect(parseOptions(printOptions({ ...options, hidden: [...options.hidden] }))).toEqual(options);
  expect(printOptions(parseOptions(''))).toBe('');
});

test('a share of an experiment is given by its number, or left to the reader', () => {
  for (const search of ['?shard=3/30', '?shard=30', '?shard=0/1']) {
    expect(printOptions(parseOptions(search))).toBe(search);
  }
  expect(parseOptions('?shard=3/30').share).toEqual({ index: 3, of: 30 });
  for (const search of [
    '?shard=30/30',
    '?shard=0',
    '?shard=-1/3',
    '?shard=1/2/3',
    '?shard=x',
    '?shard=1001',
  ]) {
    expect(parseOptions(search).share).toBeUndefined();
  }
});

test('forms of the matmul are listed by name', () => {
  expect(parseOptions('?kernels=tile_32,matvec_fused').kernels).toEqual(['tile_32', 'matvec_fused']);
  expect(printOptions(parseOptions('?kernels=tile_32,matvec_fused'))).toBe('?kernels=tile_32,matvec_fused');
});

test('what is not known is left out', () => {
  expect(parseOptions('?embed&hide=seed,body,*')).toMatchObject({ embed: true, hidden: ['seed'] });
  expect(parseOptions(`?title=${'x'.repeat(500)}`).title).toHaveLength(100);
});
