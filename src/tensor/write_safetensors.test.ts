import { expect, it } from 'vitest';
import { readHeader } from './safetensors.ts';
import { memorySource } from './source.ts';
import { headerOf, plannedBytes } from './write_safetensors.ts';

it('writes what the reader reads, in order and without gaps', async () => {
  const tensors = [
    { name: 'packed', dtype: 'U8', shape: [5, 1] },
    { name: '__proto__', dtype: 'F32', shape: [] },
    { name: 'naïve "name"', dtype: 'BF16', shape: [2, 3] },
  ];
  const header = headerOf(tensors);
  expect(header.length % 8).toBe(0);
  const data = tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
  const file = new Uint8Array(header.length + data);
  file.set(header);
  const read = await readHeader(memorySource('a.safetensors', file));
  expect(read.warnings).toEqual([]);
  expect(read.metadata.get('format')).toBe('pt');
  expect(read.tensors.map(({ name, data_offsets }) => [name, ...data_offsets])).toEqual([
    ['packed', 0, 5],
    ['__proto__', 5, 9],
    ['naïve "name"', 9, 21],
  ]);
});
