import { LabError } from '../errors.ts';
import { GGML_TYPES, type GgmlType } from './ggml_types.ts';
import { quote } from './json.ts';
import { sniff } from './sniff.ts';
import type { ByteSource } from './source.ts';

/** A value of a GGUF file's metadata; whole numbers that a number does not hold are BigInts. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

/** A tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  /** Rows first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** Its bytes in the file, [begin, end). */
  readonly range: readonly [begin: number, end: number];
}

/** What a GGUF file says it holds. */
export interface Gguf {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

/** The file's first four bytes. */
const MAGIC = 0x46554747;
const VERSIONS: readonly number[] = [2, 3];

/** Bytes read first, and by how much more where they do not suffice: vocabularies take megabytes. */
const FIRST_READ_BYTES = 1 << 20;
const GROWTH = 4;

/** No published file comes near: a vocabulary of 2^18 tokens with its merges takes some 10 MB. */
const MAX_HEADER_BYTES = 64 * 2 ** 20;

const MAX_DIMENSIONS = 4;
const MAX_DEPTH = 4;

/** What the shortest entry takes: a key of no letters with a byte; a tensor without name and dimensions. */
const LEAST_ENTRY = 8 + 4 + 1;
const LEAST_TENSOR = 8 + 4 + 4 + 8;

/** Thrown within where what was read of the file does not suffice. */
const MORE = Symbol('more');

/**
 * Reads and checks the head of a GGUF file, version 2 or 3, little-endian: metadata, and where each tensor lies. Nothing is
 * allocated before its size is known to lie within the file.
 * Source: ggml's docs/gguf.md and gguf.cpp; stricter where two readers could disagree (duplicates, overlaps).
 * @throws bad-gguf naming the fault, truncated-file, unsupported-quantization for a type of tensor that is not known here.
 */
export async function readGguf(source: ByteSource): Promise<Gguf> {
  const most = Math.min(source.byteLength, MAX_HEADER_BYTES);
  for (let length = Math.min(FIRST_READ_BYTES, most); ; length = Math.min(length * GROWTH, most)) {
    const bytes = await source.slice(0, length);
    try {
      return parse(source, bytes);
    } catch (error) {
      if (error !== MORE) throw error;
      if (length < most) continue;
      throw refused(source.name, `ends within its header, at byte ${length}`);
    }
  }
}

const refused = (file: string, found: string): LabError => new LabError('bad-gguf', `${file} ${found}.`);

function parse({ name: file, byteLength }: ByteSource, bytes: Uint8Array<ArrayBuffer>): Gguf {
  const cursor = cursorOf(file, byteLength, bytes);
  if (cursor.left() < 4 || cursor.u32() !== MAGIC) {
    throw refused(file, `looks like ${sniff(bytes) ?? 'no file known here'}; allowed: a GGUF file`);
  }
  const version = cursor.u32();
  if (!VERSIONS.includes(version)) {
    const what = VERSIONS.some((each) => each * 2 ** 24 === version)
      ? 'is big-endian'
      : `is of version ${version}`;
    throw refused(file, `${what}; allowed: a little-endian GGUF file of version 2 or 3`);
  }
  const tensorCount = cursor.count('tensors', LEAST_TENSOR);
  const entryCount = cursor.count('metadata entries', LEAST_ENTRY);

  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.text('a metadata key');
    if (metadata.has(key)) throw refused(file, `has the metadata key ${quote(key)} twice`);
    metadata.set(key, cursor.value(key, cursor.u32(), 0));
  }
  const drafts = Array.from({ length: tensorCount }, () => readTensorInfo(file, cursor));
  const alignment = alignmentOf(file, metadata);
  const start = Math.ceil(cursor.at() / alignment) * alignment;
  const tensors = drafts.map(({ offset, bytes: size, ...tensor }): GgufTensor => {
    const [begin, end] = [start + offset, start + offset + size];
    const where = `tensor ${quote(tensor.name)}`;
    if (offset % alignment !== 0)
      throw refused(file, `has ${where} at ${offset}, no multiple of ${alignment}`);
    if (end > byteLength) {
      throw new LabError(
        'truncated-file',
        `${file} has ${byteLength} bytes, but ${where} ends at byte ${end}.`,
      );
    }
    return { ...tensor, range: [begin, end] };
  });
  requireApart(file, tensors);
  return { version, metadata, tensors };
}

type Draft = Omit<GgufTensor, 'range'> & { offset: number; bytes: number };

function readTensorInfo(file: string, cursor: Cursor): Draft {
  const name = cursor.text('the name of a tensor');
  const where = `tensor ${quote(name)}`;
  const dimensions = cursor.u32();
  if (dimensions > MAX_DIMENSIONS) {
    throw refused(file, `has ${where} of ${dimensions} dimensions; allowed: ${MAX_DIMENSIONS} at most`);
  }
  const shape = Array.from({ length: dimensions }, () => cursor.size(`a dimension of ${where}`)).reverse();
  const number = cursor.u32();
  const offset = cursor.size(`the offset of ${where}`);
  const type = GGML_TYPES.get(number);
  if (!type) {
    throw new LabError(
      'unsupported-quantization',
      `${file}: ${where} is of type ${number}, which is not known here.`,
    );
  }
  const columns = shape.at(-1) ?? 1;
  if (columns % type.weights !== 0) {
    throw refused(
      file,
      `has ${where} with rows of ${columns} weights; of ${type.name} they are multiples of ${type.weights}`,
    );
  }
  const bytes = shape.reduce((product, dimension) => product * dimension, 1) * (type.bytes / type.weights);
  if (!Number.isSafeInteger(offset + bytes)) {
    throw refused(file, `has ${where} of shape [${shape.join(', ')}], larger than any file`);
  }
  return { name, shape, type, offset, bytes };
}

function alignmentOf(file: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  const allowed = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
  if (typeof alignment === 'number' && allowed.includes(alignment)) return alignment;
  throw refused(file, `has general.alignment ${String(alignment)}; allowed: a power of two from 8 to 4096`);
}

function requireApart(file: string, tensors: readonly GgufTensor[]): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw refused(file, `has tensor ${quote(name)} twice`);
    names.add(name);
  }
  const inOrder = [...tensors].sort((a, b) => a.range[0] - b.range[0] || a.range[1] - b.range[1]);
  for (const [i, tensor] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (!before || before.range[1] <= tensor.range[0]) continue;
    throw refused(file, `has tensors ${quote(before.name)} and ${quote(tensor.name)} that overlap`);
  }
}

interface Cursor {
  at(): number;
  /** Bytes of the file that are left, read or not. */
  left(): number;
  u32(): number;
  /** A whole number of eight bytes. */
  size(what: string): number;
  /** A number of things that each take so many bytes or more: no more than the file has room for. */
  count(what: string, least: number): number;
  text(what: string): string;
  value(key: string, type: number, depth: number): GgufValue;
}

function cursorOf(file: string, byteLength: number, bytes: Uint8Array<ArrayBuffer>): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let offset = 0;
  /** Where the next so many bytes begin. */
  const take = (length: number): number => {
    if (offset + length > byteLength) {
      throw new LabError('truncated-file', `${file} ends within its header, at byte ${byteLength}.`);
    }
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught above, where more is read
    if (offset + length > bytes.byteLength) throw MORE;
    const begin = offset;
    offset += length;
    return begin;
  };
  const narrow = (value: bigint): number | bigint => (isSafe(value) ? Number(value) : value);

  /** The readers of scalar values by the number of their type, and the bytes each takes. */
  const SCALARS: ReadonlyMap<number, readonly [bytes: number, read: (at: number) => GgufValue]> = new Map([
    [0, [1, (at: number) => view.getUint8(at)]],
    [1, [1, (at: number) => view.getInt8(at)]],
    [2, [2, (at: number) => view.getUint16(at, true)]],
    [3, [2, (at: number) => view.getInt16(at, true)]],
    [4, [4, (at: number) => view.getUint32(at, true)]],
    [5, [4, (at: number) => view.getInt32(at, true)]],
    [6, [4, (at: number) => view.getFloat32(at, true)]],
    [7, [1, (at: number) => view.getUint8(at) !== 0]],
    [10, [8, (at: number) => narrow(view.getBigUint64(at, true))]],
    [11, [8, (at: number) => narrow(view.getBigInt64(at, true))]],
    [12, [8, (at: number) => view.getFloat64(at, true)]],
  ] as const);
  const TEXT = 8;
  const LIST = 9;

  const self: Cursor = {
    at: () => offset,
    left: () => byteLength - offset,
    u32: () => view.getUint32(take(4), true),
    size(what) {
      const value = view.getBigUint64(take(8), true);
      if (isSafe(value)) return Number(value);
      throw refused(file, `has ${value} for ${what}; allowed: less than 2^53`);
    },
    count(what, least) {
      const count = self.size(`the number of ${what}`);
      if (count * least <= byteLength - offset) return count;
      throw refused(file, `claims ${count} ${what}, more than its ${byteLength} bytes hold`);
    },
    text(what) {
      const length = self.count(`characters in ${what}`, 1);
      const begin = take(length);
      try {
        return decoder.decode(bytes.subarray(begin, begin + length));
      } catch {
        throw refused(file, `has bytes that are no UTF-8 in ${what}, at byte ${begin}`);
      }
    },
    value(key, type, depth) {
      const scalar = SCALARS.get(type);
      if (scalar) return scalar[1](take(scalar[0]));
      if (type === TEXT) return self.text(`metadata ${quote(key)}`);
      if (type !== LIST) throw refused(file, `has metadata ${quote(key)} of the unknown type ${type}`);
      if (depth === MAX_DEPTH)
        throw refused(file, `has lists within lists, ${MAX_DEPTH} deep, in ${quote(key)}`);
      const inner = self.u32();
      const size = SCALARS.get(inner)?.[0];
      const count = self.count(`values of ${quote(key)}`, size ?? 8);
      // All of them are there before room is made for any.
      if (size !== undefined) offset = take(count * size);
      const values: GgufValue[] = [];
      for (let i = 0; i < count; i++) values.push(self.value(key, inner, depth + 1));
      return values;
    },
  };
  return self;
}

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
