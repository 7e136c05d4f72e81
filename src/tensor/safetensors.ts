import { LabError, type ErrorCode } from '../errors.ts';
import { decode, DTYPES, isQuantizable } from './dtype.ts';
import {
  expectEnd,
  nextKind,
  openText,
  quote,
  readArray,
  readNumber,
  readObject,
  readString,
  skipValue,
  unsigned,
  type Cursor,
} from './json.ts';
import { sniff } from './sniff.ts';
import { readInto, type ByteSource } from './source.ts';
import type { Tensor } from './tensor.ts';

/** Bytes of the header's length, a little-endian u64, at the file's start. */
const LENGTH_BYTES = 8;

/** No header may be longer: `MAX_HEADER_SIZE` of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Longer ones need `maxHeaderBytes`, for they cost a tab seconds and a gigabyte: huggingface_hub stops here too. */
export const USUAL_HEADER_BYTES = 25_000_000;

/** One request fetches the length and, of nearly every model, the whole header. */
const FIRST_READ_BYTES = 65_536;

/** The format sets no limit; real tensors have at most 5 dimensions, and PyTorch stops at 64 anywhere. */
const MAX_RANK = 16;

/** The format sets no limit; the longest names of published models are near 200 characters. */
const MAX_NAME_LENGTH = 1024;

const MAX_U64 = 2n ** 64n - 1n;

/**
 * One tensor of a file, its fields as the file spells them: `{name: 'w', dtype: 'F32', shape: [2, 3], data_offsets: [0, 24]}`.
 * `data_offsets` is [begin, end) in bytes from `data_start` of the header.
 */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/**
 * What a safetensors file says it holds. `tensors` stand in the order of their bytes and cover the data wholly;
 * `data_start` is the file's byte where it begins; `warnings` are sentences about what was read all the same.
 */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly TensorInfo[];
  readonly data_start: number;
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the header: of a file `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}` + 8 bytes, one tensor `w`.
 * Every way a file can lie has its own code (errors.ts). Nothing is allocated before its size is known to lie within the file.
 * Source: README "Format" and tensor.rs of safetensors; stricter where two readers could disagree (duplicates, NUL in names)
 * and where a number cannot hold what is written (dimensions above 2^53 - 1 of empty tensors).
 */
export async function readHeader(
  source: ByteSource,
  { maxHeaderBytes = USUAL_HEADER_BYTES }: { maxHeaderBytes?: number } = {},
): Promise<Header> {
  const { name, byteLength } = source;
  if (byteLength < LENGTH_BYTES) {
    throw new LabError(
      'header-too-small',
      `${name} has ${byteLength} bytes; allowed: ${LENGTH_BYTES} and more, the header's length alone takes so many`,
    );
  }
  const first = await source.slice(0, Math.min(byteLength, FIRST_READ_BYTES));
  // A BigInt, because 2^53 + 2 as a number could pass for another length.
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    refuseLength('header-too-large', `a header of ${length} bytes; allowed: ${MAX_HEADER_BYTES} at most`);
  }
  const headerBytes = Number(length);
  const data_start = LENGTH_BYTES + headerBytes;
  if (data_start > byteLength) {
    const following = byteLength - LENGTH_BYTES;
    refuseLength(
      'header-truncated',
      `a header of ${headerBytes} bytes; allowed: the ${following} that follow`,
    );
  }
  if (headerBytes > maxHeaderBytes) {
    throw new LabError(
      'header-too-large',
      `${name} has a header of ${headerBytes} bytes; allowed here: ${maxHeaderBytes} (the format's own limit is ${MAX_HEADER_BYTES})`,
    );
  }
  const bytes =
    data_start <= first.byteLength
      ? first.subarray(LENGTH_BYTES, data_start)
      : await source.slice(LENGTH_BYTES, data_start);
  const { metadata, tensors, warnings } = parseHeader(name, bytes);
  checkCoverage(name, tensors, byteLength - data_start);
  return { metadata, tensors, data_start, warnings };

  function refuseLength(code: ErrorCode, found: string): never {
    const what = sniff(first);
    if (what) {
      throw new LabError('not-safetensors', `${name} looks like ${what}; allowed: a safetensors file`);
    }
    throw new LabError(code, `${name} has ${found}`);
  }
}

interface Draft {
  metadata: Map<string, string>;
  tensors: TensorInfo[];
  warnings: string[];
}

function parseHeader(name: string, bytes: Uint8Array): Draft {
  const draft: Draft = { metadata: new Map(), tensors: [], warnings: [] };
  const cursor = openText(bytes, `the header of ${name}`, {
    encoding: 'header-not-utf8',
    syntax: 'header-not-json',
    depth: 'header-too-deep',
  });
  const kind = nextKind(cursor);
  if (cursor.offset > 0) {
    draft.warnings.push(`${cursor.what} begins with white space; the format wants "{" first`);
  }
  if (kind !== 'object') {
    throw new LabError(
      'header-not-object',
      `${cursor.what} is ${skipValue(cursor)}; allowed: an object of tensors`,
    );
  }
  let unknownFields = 0;
  const onUnknown = (tensor: string, field: string) => {
    if (unknownFields++ > 0) return;
    draft.warnings.push(
      `tensor ${quote(tensor)} of ${name} has a field ${quote(field)} that the format does not know; it is ignored`,
    );
  };
  readObject(
    cursor,
    () => 'the list of tensors',
    (key) => {
      if (key === '__metadata__') readMetadata(cursor, draft.metadata);
      else draft.tensors.push(readTensorInfo(cursor, name, key, onUnknown));
    },
  );
  expectEnd(cursor);
  if (unknownFields > 1) draft.warnings.push(`${name} has ${unknownFields} unknown fields in all`);
  return draft;
}

function readMetadata(cursor: Cursor, metadata: Map<string, string>): void {
  if (nextKind(cursor) !== 'object') {
    const found = skipValue(cursor);
    // The reference reads null as no metadata.
    if (found === 'null') return;
    throw new LabError(
      'bad-metadata',
      `__metadata__ in ${cursor.what} is ${found}; allowed: an object of strings`,
    );
  }
  readObject(
    cursor,
    () => '__metadata__',
    (key) => {
      if (nextKind(cursor) !== 'string') {
        throw new LabError(
          'bad-metadata',
          `__metadata__ in ${cursor.what} has ${quote(key)}: ${skipValue(cursor)}; allowed: a string`,
        );
      }
      metadata.set(key, readString(cursor));
    },
  );
}

function readTensorInfo(
  cursor: Cursor,
  file: string,
  name: string,
  onUnknown: (tensor: string, field: string) => void,
): TensorInfo {
  const refuse = (code: ErrorCode, found: string): never => {
    throw new LabError(code, `tensor ${quote(name)} of ${file} ${found}`);
  };
  if (name.length > MAX_NAME_LENGTH) {
    refuse('bad-name', `has a name of ${name.length} characters; allowed: ${MAX_NAME_LENGTH}`);
  }
  // C and Python's C side end a string at a NUL: two readers would see two names.
  if (name.includes('\0')) refuse('bad-name', 'has a NUL character in its name; allowed: any other');
  if (nextKind(cursor) !== 'object') {
    refuse('bad-tensor', `is ${skipValue(cursor)}; allowed: an object with dtype, shape and data_offsets`);
  }

  let dtype: string | undefined;
  let shape: (number | bigint)[] | undefined;
  let offsets: (number | bigint)[] | undefined;
  readObject(
    cursor,
    () => `tensor ${quote(name)}`,
    (field) => {
      if (field === 'dtype') dtype = readDtype();
      else if (field === 'shape') {
        shape = readIntegers('bad-shape', 'shape', MAX_RANK, `at most ${MAX_RANK} integers of 0 and more`);
      } else if (field === 'data_offsets') {
        offsets = readIntegers('bad-offsets', 'data_offsets', 2, 'two integers of 0 and more');
      } else {
        onUnknown(name, field);
        skipValue(cursor);
      }
    },
  );
  if (dtype === undefined) return refuse('bad-tensor', 'has no dtype');
  if (shape === undefined) return refuse('bad-tensor', 'has no shape');
  if (offsets === undefined) return refuse('bad-tensor', 'has no data_offsets');
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined) {
    return refuse('bad-offsets', `has ${offsets.length} data_offsets; allowed: two, begin and end`);
  }
  if (begin > end) return refuse('bad-offsets', `begins at byte ${begin}, behind its end at byte ${end}`);
  const held = () => `dtype ${dtype} and shape [${shape!.join(', ')}]`;
  const bytes = byteLengthOf(shape, DTYPES.get(dtype)!, (code, found) =>
    refuse(code, `with ${held()} ${found}`),
  );
  if (typeof begin === 'bigint' || typeof end === 'bigint') {
    return refuse('truncated-file', `ends at byte ${end} of the data, far behind the end of any file`);
  }
  if (bytes !== end - begin) {
    refuse(
      'size-mismatch',
      `with ${held()} needs ${bytes} bytes; its data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  // Only an empty tensor comes so far. Rounded to a number, its shape would be another one.
  const exact = shape.filter((d) => typeof d === 'number');
  if (exact.length < shape.length) {
    refuse(
      'bad-shape',
      `has shape [${shape.join(', ')}]; allowed: dimensions up to ${Number.MAX_SAFE_INTEGER}`,
    );
  }
  return { name, dtype, shape: exact, data_offsets: [begin, end] };

  function readDtype(): string {
    const found = nextKind(cursor) === 'string' ? readString(cursor) : undefined;
    if (found !== undefined && DTYPES.has(found)) return found;
    const shown = found === undefined ? skipValue(cursor) : quote(found);
    return refuse('bad-dtype', `has dtype ${shown}; allowed: ${[...DTYPES.keys()].join(', ')}`);
  }

  function readIntegers(code: ErrorCode, field: string, limit: number, allowed: string): (number | bigint)[] {
    if (nextKind(cursor) !== 'array') {
      refuse(code, `has ${field} ${skipValue(cursor)}; allowed: a list of ${allowed}`);
    }
    const values: (number | bigint)[] = [];
    readArray(cursor, (i) => {
      if (i === limit) refuse(code, `has more than ${limit} entries in ${field}; allowed: ${allowed}`);
      const token = nextKind(cursor) === 'number' ? readNumber(cursor) : skipValue(cursor);
      const value = unsigned(token);
      if (value === undefined) {
        return refuse(
          code,
          `has ${field}[${i}] ${token.slice(0, 40)}; allowed: an integer of 0 and more, below 2^64`,
        );
      }
      values.push(value);
    });
    return values;
  }
}

/**
 * shape × bits in bytes. The reference multiplies dimension by dimension in 64 bits, so [huge, huge, 0]
 * overflows and [0, huge, huge] is an empty tensor; so it is here.
 */
function byteLengthOf(
  shape: readonly (number | bigint)[],
  bitsPerElement: number,
  refuse: (code: ErrorCode, found: string) => never,
): number | bigint {
  let bits: number | bigint = 1;
  for (const d of [...shape, bitsPerElement]) {
    const product: number = Number(bits) * Number(d);
    if (product <= Number.MAX_SAFE_INTEGER && typeof d === 'number') bits = product;
    else {
      bits = BigInt(bits) * BigInt(d);
      if (bits > MAX_U64) refuse('shape-overflow', 'has more bits than a 64-bit number counts');
      if (bits <= Number.MAX_SAFE_INTEGER) bits = Number(bits);
    }
  }
  const rest = typeof bits === 'bigint' ? bits % 8n : bits % 8;
  if (Number(rest) !== 0) refuse('misaligned-tensor', `has ${bits} bits; allowed: a whole number of bytes`);
  return typeof bits === 'bigint' ? bits / 8n : bits / 8;
}

/** Sorted by their bytes the tensors must follow each other without gap or overlap and end with the file. */
function checkCoverage(file: string, tensors: TensorInfo[], dataBytes: number): void {
  tensors.sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let covered = 0;
  for (const [i, { name, data_offsets }] of tensors.entries()) {
    const [begin, end] = data_offsets;
    if (begin !== covered) {
      const hole = begin > covered;
      const before = i === 0 ? 'the data begins' : `tensor ${quote(tensors[i - 1]!.name)} ends`;
      throw new LabError(
        hole ? 'offsets-hole' : 'offsets-overlap',
        `tensor ${quote(name)} of ${file} ${hole ? 'leaves a hole' : 'overlaps'}: it begins at byte ${begin} of the data; allowed: ${covered}, where ${before}`,
      );
    }
    covered = end;
  }
  if (covered > dataBytes) {
    throw new LabError(
      'truncated-file',
      `${file} has ${dataBytes} bytes of data but its tensors need ${covered} (${covered - dataBytes} missing)`,
    );
  }
  if (covered < dataBytes) {
    throw new LabError(
      'trailing-bytes',
      `${file} has ${dataBytes} bytes of data but its tensors need ${covered} (${dataBytes - covered} left over)`,
    );
  }
}

/** The bytes of one tensor as they are stored; a tensor F32 [2, 3] gives 24. */
export function readTensorBytes(
  source: ByteSource,
  header: Header,
  info: TensorInfo,
): Promise<Uint8Array<ArrayBuffer>> {
  const [begin, end] = info.data_offsets;
  return source.slice(header.data_start + begin, header.data_start + end);
}

/**
 * The bytes of rows [rowBegin, rowEnd), a row being all but the first dimension; a scalar is one row.
 * Rows 1 to 3 of a BF16 [4, 5] are 20 bytes. So an embedding of gigabytes passes through in parts.
 * @param room where they are read to, and the first of which they are; without it they get room of their own
 */
export async function readRows(
  source: ByteSource,
  header: Header,
  info: TensorInfo,
  rowBegin: number,
  rowEnd: number,
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const rows = info.shape[0] ?? 1;
  if (!(
    Number.isInteger(rowBegin) &&
    Number.isInteger(rowEnd) &&
    0 <= rowBegin &&
    rowBegin <= rowEnd &&
    rowEnd <= rows
  )) {
    throw new LabError(
      'internal',
      `rows ${rowBegin} to ${rowEnd} of tensor ${quote(info.name)} were asked for; it has ${rows}`,
    );
  }
  const [begin, end] = info.data_offsets;
  const rowBytes = rows === 0 ? 0 : (end - begin) / rows;
  if (!Number.isInteger(rowBytes)) {
    throw new LabError(
      'unsupported-dtype',
      `tensor ${quote(info.name)} has rows of ${rowBytes * 8} bits (${info.dtype}); allowed: rows of whole bytes`,
    );
  }
  const start = header.data_start + begin;
  const from = start + rowBegin * rowBytes;
  const until = start + rowEnd * rowBytes;
  if (!room) return source.slice(from, until);
  const target = room.subarray(0, until - from);
  await readInto(source, from, target);
  return target;
}

/** One tensor decoded to float32; of any dtype but F32, F16 and BF16 it throws 'unsupported-dtype'. */
export async function readTensor(source: ByteSource, header: Header, info: TensorInfo): Promise<Tensor> {
  const { name, dtype, shape } = info;
  if (!isQuantizable(dtype)) {
    throw new LabError(
      'unsupported-dtype',
      `tensor ${quote(name)} of ${source.name} has dtype ${dtype}; allowed: F32, F16, BF16`,
    );
  }
  return { shape, data: decode(dtype, await readTensorBytes(source, header, info)) };
}
