import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { file } from '../../test/fixtures/safetensors/corpus.ts';
import { dataFolder } from '../../test/fixtures/data_folder.ts';
import { toFailure } from '../errors.ts';
import { MAX_HEADER_BYTES, readHeader, readRows, readTensor, readTensorBytes } from './safetensors.ts';
import { memorySource, type ByteSource } from './source.ts';
import { elements } from './tensor.ts';

/** 120 bytes: BF16 [2,2] of 1, 2, 3, -4 at byte 0, then F32 [1] of 0.5, then U8 [2] and an empty F16. The header's order is another. */
const HEADER =
  '{"__metadata__":{"format":"pt"},' +
  '"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' +
  '"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},' +
  '"c":{"dtype":"U8","shape":[2],"data_offsets":[12,14]},' +
  '"d":{"dtype":"F16","shape":[0,3],"data_offsets":[14,14]}}';
const DATA = [0x80, 0x3f, 0x00, 0x40, 0x40, 0x40, 0x80, 0xc0, 0x00, 0x00, 0x00, 0x3f, 7, 8];

function example(): ByteSource {
  const bytes = file(HEADER, DATA.length);
  bytes.set(DATA, bytes.length - DATA.length);
  return memorySource('a.safetensors', bytes);
}

/** A file of any claimed size of which only the first bytes exist; reading elsewhere fails the test. */
function sparse(byteLength: number, start: Uint8Array, reads: [number, number][] = []): ByteSource {
  return {
    name: 'a.safetensors',
    byteLength,
    slice(begin, end) {
      reads.push([begin, end]);
      const bytes = new Uint8Array(end - begin).fill(32);
      bytes.set(start.subarray(begin, end));
      return Promise.resolve(bytes);
    },
  };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => toFailure(error),
  );

test('a file by hand: tensors in the order of their bytes, decoded', async () => {
  const source = example();
  const header = await readHeader(source);
  expect(header.metadata).toEqual(new Map([['format', 'pt']]));
  expect(header.data_start).toBe(8 + HEADER.length);
  expect(header.warnings).toEqual([]);
  const [a, b, c, d] = header.tensors;
  expect(a).toEqual({ name: 'a', dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] });
  expect(header.tensors.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  expect(await readTensor(source, header, a!)).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, -4) });
  expect(await readTensor(source, header, b!)).toEqual({ shape: [1], data: Float32Array.of(0.5) });
  expect(await readTensor(source, header, d!)).toEqual({ shape: [0, 3], data: new Float32Array(0) });
  expect(await readTensorBytes(source, header, c!)).toEqual(Uint8Array.of(7, 8));
  expect(await failure(readTensor(source, header, c!))).toMatchObject({
    code: 'unsupported-dtype',
    message: 'tensor "c" of a.safetensors has dtype U8; allowed: F32, F16, BF16',
  });
});

test('rows are read in parts', async () => {
  const source = example();
  const header = await readHeader(source);
  const [a, , , d] = header.tensors;
  expect(await readRows(source, header, a!, 1, 2)).toEqual(Uint8Array.of(0x40, 0x40, 0x80, 0xc0));
  expect(await readRows(source, header, a!, 0, 2)).toEqual(Uint8Array.from(DATA.slice(0, 8)));
  expect(await readRows(source, header, a!, 1, 1)).toHaveLength(0);
  expect(await readRows(source, header, d!, 0, 0)).toHaveLength(0);
  for (const [begin, end] of [[-1, 1], [0, 3], [2, 1], [0.5, 1], [NaN, 1]] as const) {
    expect(await failure(readRows(source, header, a!, begin, end))).toMatchObject({ code: 'internal' });
  } // prettier-ignore

  const scalar = memorySource('a', file('{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4));
  const scalarHeader = await readHeader(scalar);
  expect(await readRows(scalar, scalarHeader, scalarHeader.tensors[0]!, 0, 1)).toHaveLength(4);

  const nibbles = memorySource('a', file('{"n":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}', 3));
  const nibblesHeader = await readHeader(nibbles);
  expect(await failure(readRows(nibbles, nibblesHeader, nibblesHeader.tensors[0]!, 0, 1))).toMatchObject({
    code: 'unsupported-dtype',
    message: 'tensor "n" has rows of 12 bits (F4); allowed: rows of whole bytes',
  });
});

test('only the start of a file with an impossible header is read', async () => {
  const start = new Uint8Array(8);
  for (const [length, byteLength, code] of [
    [100_000_001n, 200_000_000, 'header-too-large'],
    [2n ** 64n - 1n, Number.MAX_SAFE_INTEGER, 'header-too-large'],
    [100_000_000n, 100_000_007, 'header-truncated'],
    // Within the format, above what is read unasked.
    [25_000_001n, 30_000_000, 'header-too-large'],
  ] as const) {
    new DataView(start.buffer).setBigUint64(0, length, true);
    const reads: [number, number][] = [];
    expect(await failure(readHeader(sparse(byteLength, start, reads)))).toMatchObject({ code });
    expect(reads).toEqual([[0, 65_536]]);
  }
});

test('a header above the usual size is read where it is allowed', async () => {
  const text = new TextEncoder().encode('{}');
  const start = new Uint8Array(8 + text.length);
  new DataView(start.buffer).setBigUint64(0, 26_000_000n, true);
  start.set(text, 8);
  const header = await readHeader(sparse(26_000_008, start), { maxHeaderBytes: MAX_HEADER_BYTES });
  expect(header.tensors).toEqual([]);
});

test('a usual header takes one request, a longer one two', async () => {
  const bytes = file(HEADER, DATA.length);
  const reads: [number, number][] = [];
  await readHeader(sparse(bytes.length, bytes, reads));
  expect(reads).toEqual([[0, bytes.length]]);

  const long = file(`${HEADER}${' '.repeat(100_000)}`, DATA.length);
  reads.length = 0;
  await readHeader(sparse(long.length, long, reads));
  expect(reads).toEqual([[0, 65_536], [8, 8 + HEADER.length + 100_000]]); // prettier-ignore
});

test('a failing source fails the reader', async () => {
  const source: ByteSource = {
    ...sparse(100, new Uint8Array()),
    slice: () => Promise.reject(new RangeError('x')),
  };
  await expect(readHeader(source)).rejects.toThrow(RangeError);
});

test('messages name the thing, what was found and what is allowed', async () => {
  const messages: [header: string, dataBytes: number, message: string][] = [
    ['{"w":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}', 8, 'tensor "w" of a.safetensors has dtype "F33"; allowed: BOOL, F4,'],
    ['{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8, 'tensor "w" of a.safetensors has shape[0] 2.0; allowed: an integer of 0 and more, below 2^64'],
    ['{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', 8, 'tensor "w" of a.safetensors with dtype F32 and shape [3] needs 12 bytes; its data_offsets [0, 8] hold 8'],
    ['{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8, 'tensor "w" of a.safetensors leaves a hole: it begins at byte 4 of the data; allowed: 0, where the data begins'],
    ['{"v":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}', 8, 'tensor "w" of a.safetensors overlaps: it begins at byte 2 of the data; allowed: 4, where tensor "v" ends'],
    ['{"w":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', 8, 'a.safetensors has 8 bytes of data but its tensors need 9 (1 missing)'],
    ['{"w":1,"w":2}', 8, 'tensor "w" of a.safetensors is 1; allowed: an object with dtype, shape and data_offsets'],
    ['{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":2}', 0, 'the header of a.safetensors names "a" twice in the list of tensors; allowed: once'],
  ]; // prettier-ignore
  for (const [header, dataBytes, message] of messages) {
    const failed = await failure(readHeader(memorySource('a.safetensors', file(header, dataBytes))));
    expect(failed?.message).toContain(message);
  }
});

test('warnings are few however many there are reasons', async () => {
  const entry = (i: number) => `"t${i}":{"dtype":"U8","x":1,"shape":[1],"data_offsets":[${i},${i + 1}]}`;
  const header = ` {${Array.from({ length: 1000 }, (_, i) => entry(i)).join()}}`;
  expect((await readHeader(memorySource('a.safetensors', file(header, 1000)))).warnings).toEqual([
    'the header of a.safetensors begins with white space; the format wants "{" first',
    'tensor "t0" of a.safetensors has a field "x" that the format does not know; it is ignored',
    'a.safetensors has 1000 unknown fields in all',
  ]);
});

describe('real files (needs models/ in $NIBBLE_DATA)', () => {
  const folder = dataFolder();
  for (const [model, tensors, parameters] of [['stories260K', 47, 260_032], ['verl-arithmetic', 39, 795_776]] as const) {
    const path = folder && join(folder, 'models', model, 'model.safetensors');
    test.skipIf(!path || !existsSync(path))(model, async () => {
      const source = memorySource('model.safetensors', readFileSync(path!));
      const header = await readHeader(source);
      expect(header.warnings).toEqual([]);
      expect(header.tensors).toHaveLength(tensors);
      expect(header.tensors.reduce((n, { shape }) => n + elements(shape), 0)).toBe(parameters);
      for (const info of header.tensors) {
        const { data } = await readTensor(source, header, info);
        expect(data).toHaveLength(elements(info.shape));
        expect(data.every(Number.isFinite)).toBe(true);
      }
    });
  } // prettier-ignore
});
