import type { ErrorCode } from '../../src/errors.ts';

/**
 * One file and what a reader must say to it. `row` counts the ways a file can lie, in the order below;
 * `warning` is true where the file is read but something about it must be said.
 */
export interface Case {
  readonly name: string;
  readonly row: number;
  readonly bytes: () => Uint8Array<ArrayBuffer>;
  readonly verdict: 'ok' | ErrorCode;
  readonly warning?: boolean;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

/** The header's length, little-endian as the format wants it, or big-endian as it does not. */
function length(n: bigint, littleEndian = true): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, n, littleEndian);
  return bytes;
}

/** A file of a header and so many zero bytes of data: `file('{}')` is 02 00 00 00 00 00 00 00 7b 7d. */
export function file(header: string | Uint8Array, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const bytes = typeof header === 'string' ? utf8(header) : header;
  return concat(length(BigInt(bytes.byteLength)), bytes, new Uint8Array(dataBytes));
}

/** One tensor's entry; the shape and the offsets are written as they are given, right or wrong. */
const tensor = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

/** A tensor of 8 bytes at the data's start, and a file that holds it and nothing else. */
const W = tensor('F32', '[2]', '[0,8]');
const good = (): Uint8Array<ArrayBuffer> => file(`{"w":${W}}`, 8);

/** `{"w": entry}` and 8 bytes. */
const one =
  (entry: string, dataBytes = 8) =>
  () =>
    file(`{"w":${entry}}`, dataBytes);
const header =
  (text: string, dataBytes = 8) =>
  () =>
    file(text, dataBytes);
const bytesOf =
  (...values: number[]) =>
  () =>
    Uint8Array.from(values);

/** Many tensors made by a function of their number. */
const many = (count: number, entry: (i: number) => string): string =>
  `{${Array.from({ length: count }, (_, i) => `"t${i}":${entry(i)}`).join(',')}}`;

const bits: Record<string, number> = {
  BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8,
  I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, C64: 64, F64: 64, I64: 64, U64: 64,
}; // prettier-ignore

/** Dtypes of other formats, of other spellings, and keys that every object has. */
const WRONG_DTYPES = [
  'F33', 'f32', 'FLOAT', '', 'F8', 'F128', 'F8_E4M3FN', 'I4', 'U4', 'F4_E2M1', 'C128', 'BOOL8', 'F32 ', 'float32',
  'constructor', '__proto__', 'toString',
]; // prettier-ignore

const WRONG_DIMS = ['2.0', '2e0', '1.5', '-0', '"2"', 'null', 'true', '[2]', '{"0":2}', '02', '0x2', '+2'];

const WRONG_FILES: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  [
    'lfs pointer',
    utf8(
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
    ),
  ],
  ['html page', utf8('<!DOCTYPE html><html><head><title>404</title></head></html>')],
  ['html page after white space', utf8('\n\n  <html lang="en"><body>Not found</body></html>')],
  ['xml error', utf8('<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>')],
  ['json text', utf8('{"error":"Repository not found"}')],
  ['pytorch zip', concat(utf8('PK\x03\x04'), new Uint8Array(60))],
  ['pytorch zip with flags', concat(utf8('PK\x03\x04\x14\0\x08\x08'), new Uint8Array(60))],
  ['python pickle', concat(Uint8Array.of(0x80, 2), utf8('}q\0(X\x06\0\0\0weightq\x01K\x01u.'))],
  ['gguf', concat(utf8('GGUF\x03\0\0\0'), new Uint8Array(60))],
  ['hdf5', concat(Uint8Array.of(0x89), utf8('HDF\r\n\x1a\n'), new Uint8Array(60))],
];

function* cases(): Generator<Case> {
  const ok = (row: number, name: string, bytes: Case['bytes']): Case => ({ row, name, bytes, verdict: 'ok' });
  const warned = (row: number, name: string, bytes: Case['bytes']): Case => ({
    ...ok(row, name, bytes),
    warning: true,
  });
  const refused = (row: number, verdict: ErrorCode, name: string, bytes: Case['bytes']): Case => ({
    row,
    name,
    bytes,
    verdict,
  });

  // 1: the file cannot hold the header's length.
  yield refused(1, 'header-too-small', 'empty file', bytesOf());
  yield refused(1, 'header-too-small', 'one byte', bytesOf(0));
  yield refused(1, 'header-too-small', 'seven bytes', bytesOf(2, 0, 0, 0, 0, 0, 0));

  // 2: a length above the format's limit.
  for (const n of [100_000_001n, 2n ** 32n, 2n ** 53n + 2n, 2n ** 63n, 2n ** 64n - 1n]) {
    yield refused(2, 'header-too-large', `length ${n}`, () => concat(length(n), utf8('{}')));
  }
  yield refused(2, 'header-too-large', 'big-endian length', () => concat(length(2n, false), utf8('{}')));
  yield refused(
    2,
    'header-too-large',
    'length 3c 00 00 00 00 ff ff ff',
    bytesOf(0x3c, 0, 0, 0, 0, 255, 255, 255),
  );

  // 3: a length behind the file's end.
  yield refused(3, 'header-truncated', 'length 1000 over a small file', () =>
    concat(length(1000n), good().slice(8)),
  );
  yield refused(3, 'header-truncated', 'length 100000000', () => concat(length(100_000_000n), utf8('{}')));
  yield refused(3, 'header-truncated', 'length 60 and nothing else', () => length(60n));
  yield refused(3, 'header-truncated', 'one byte short', () => concat(length(3n), utf8('{}')));
  // The first bytes of these lengths are those of "{", of a pickle and of gzip: still lengths.
  for (const n of [0x7bn, 0x280n, 0x8b1fn]) {
    yield refused(3, 'header-truncated', `length ${n} like another format`, () =>
      concat(length(n), utf8('{}')),
    );
  }

  // 4: no header.
  yield refused(4, 'header-not-json', 'length 0', () => length(0n));
  yield refused(4, 'header-not-json', 'length 0 and data', () => concat(length(0n), new Uint8Array(8)));
  yield refused(4, 'header-not-json', 'only spaces', header('        ', 0));

  // 5: not UTF-8.
  for (const [name, bad] of [
    ['lone ff', [0xff]],
    ['overlong slash', [0xc0, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above 10ffff', [0xf4, 0x90, 0x80, 0x80]],
    ['cut off', [0xe2, 0x82]],
  ] as const) {
    yield refused(5, 'header-not-utf8', `${name} in a name`, () =>
      file(concat(utf8('{"'), Uint8Array.from(bad), utf8(`":${W}}`)), 8),
    );
  }
  yield refused(5, 'header-not-utf8', 'header ff', () => file(Uint8Array.of(0xff)));

  // 6: a byte order mark.
  yield refused(6, 'header-not-json', 'byte order mark', header(`\ufeff{"w":${W}}`));
  yield refused(6, 'header-not-utf8', 'UTF-16 byte order mark', () =>
    file(Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0)),
  );

  // 7: white space first. The format forbids it, the reference reads it.
  for (const [name, space] of [['space', ' '], ['line feed', '\n'], ['tab', '\t'], ['all four', ' \t\r\n']] as const) {
    yield warned(7, `${name} first`, header(`${space}{"w":${W}}`));
  } // prettier-ignore

  // 8: white space last, as writers pad.
  yield ok(8, 'spaces last', header(`{"w":${W}}       `));
  yield ok(8, 'all white space last', header(`{"w":${W}}\n\t\r `));
  yield ok(8, 'white space inside', header(`{ "w" : ${W.replaceAll(',', ' ,\n')} }`));

  // 9: not JSON.
  for (const [name, text] of [
    ['NUL last', `{"w":${W}}\0`],
    ['second value', `{"w":${W}}{}`],
    ['letters last', `{"w":${W}}x`],
    ['trailing comma', `{"w":${W},}`],
    ['trailing comma in a shape', `{"w":${tensor('F32', '[2,]', '[0,8]')}}`],
    ['comment', `{/* w */"w":${W}}`],
    ['single quotes', `{'w':${W}}`],
    ['no quotes', `{w:${W}}`],
    ['NaN', `{"w":${tensor('F32', '[NaN]', '[0,8]')}}`],
    ['leading zero', `{"w":${tensor('F32', '[02]', '[0,8]')}}`],
    ['control character in a name', `{"w\n":${W}}`],
    ['unknown escape', `{"\\x77":${W}}`],
    ['short escape', `{"\\u77":${W}}`],
    ['infinite number in an unknown field', `{"w":{"x":1e999,${W.slice(1)}}`],
    ['only a brace', '{'],
    ['cut in a name', '{"w'],
    ['cut in an entry', `{"w":${W.slice(0, 20)}`],
    ['no colon', `{"w" ${W}}`],
    ['no comma', `{"w":${W} "v":${W}}`],
  ] as const) {
    yield refused(9, 'header-not-json', name, header(text));
  }

  // 10: JSON, but no object.
  for (const text of ['[]', `[${W}]`, 'null', 'true', '5', '"w"']) {
    yield refused(10, 'header-not-object', `header ${text.slice(0, 8)}`, header(text, 0));
  }

  // 11: nesting without end.
  for (const [name, open, close] of [['arrays', '[', ']'], ['objects', '{"a":', '}']] as const) {
    for (const depth of [9, 129, 100_000]) {
      yield refused(11, 'header-too-deep', `${depth} ${name} in an unknown field`, header(
        `{"w":{"x":${open.repeat(depth)}1${close.repeat(depth)},${W.slice(1)}}`,
      ));
    }
    yield refused(11, 'header-too-deep', `1000 ${name} as a shape`, one(
      tensor('F32', open.repeat(1000) + '1' + close.repeat(1000), '[0,8]'),
    ));
    yield refused(11, 'header-too-deep', `100000 ${name} never closed`, header(`{"w":${open.repeat(100_000)}`));
  } // prettier-ignore

  // 12: half a surrogate pair.
  for (const escape of ['\\ud800', '\\udc00', '\\ud800a', '\\ud800\\ud800', '\\ud800\\u0041', '\\ud800\\n']) {
    yield refused(12, 'header-not-json', `${escape} in a name`, header(`{"${escape}":${W}}`));
  }
  yield ok(12, 'a whole surrogate pair', header(`{"\\ud83d\\ude00":${W}}`));

  // 13 to 16: metadata.
  for (const value of [
    '[]',
    '"x"',
    '5',
    'true',
    '{"a":5}',
    '{"a":null}',
    '{"a":{"b":"c"}}',
    '{"a":["b"]}',
    W,
  ]) {
    yield refused(
      13,
      'bad-metadata',
      `metadata ${value.slice(0, 16)}`,
      header(`{"__metadata__":${value},"w":${W}}`),
    );
  }
  yield ok(14, 'metadata null', header(`{"__metadata__":null,"w":${W}}`));
  yield ok(14, 'metadata', header(`{"__metadata__":{"format":"pt","":""},"w":${W}}`));
  yield ok(14, 'metadata last', header(`{"w":${W},"__metadata__":{"format":"pt"}}`));
  yield ok(14, 'only metadata', header('{"__metadata__":{"format":"pt"}}', 0));
  yield refused(
    15,
    'duplicate-name',
    'metadata twice',
    header(`{"__metadata__":{},"w":${W},"__metadata__":{}}`),
  );
  yield refused(
    15,
    'duplicate-name',
    'metadata twice, once null',
    header(`{"__metadata__":{},"__metadata__":null,"w":${W}}`),
  );
  yield refused(
    16,
    'duplicate-name',
    'metadata key twice',
    header(`{"__metadata__":{"a":"1","a":"2"},"w":${W}}`),
  );
  yield refused(
    16,
    'duplicate-name',
    'metadata key twice, once escaped',
    header(`{"__metadata__":{"a":"1","\\u0061":"2"},"w":${W}}`),
  );

  // 17 to 19: what comes twice.
  yield refused(17, 'duplicate-name', 'tensor twice', header(`{"w":${W},"w":${W}}`));
  yield refused(
    17,
    'duplicate-name',
    'tensor twice, other shape',
    header(`{"w":${W},"w":${tensor('F32', '[2,1]', '[0,8]')}}`),
  );
  yield refused(17, 'duplicate-name', 'tensor twice, once escaped', header(`{"w":${W},"\\u0077":${W}}`));
  yield refused(
    18,
    'duplicate-name',
    'tensor twice, other offsets',
    header(`{"w":${W},"w":${tensor('F32', '[2]', '[8,16]')}}`, 16),
  );
  for (const [field, again] of [['dtype', '"F32"'], ['shape', '[2]'], ['data_offsets', '[0,8]']] as const) {
    yield refused(19, 'duplicate-name', `${field} twice`, one(`{"${field}":${again},${W.slice(1)}`));
  } // prettier-ignore

  // 20 and 21: entries of another form.
  for (const field of ['dtype', 'shape', 'data_offsets']) {
    const rest = Object.entries({ dtype: '"F32"', shape: '[2]', data_offsets: '[0,8]' }).filter(
      ([key]) => key !== field,
    );
    yield refused(
      20,
      'bad-tensor',
      `no ${field}`,
      one(`{${rest.map(([key, value]) => `"${key}":${value}`).join(',')}}`),
    );
  }
  for (const entry of ['{}', 'null', '"F32"', '5', 'true'])
    yield refused(20, 'bad-tensor', `entry ${entry}`, one(entry));
  yield refused(20, 'bad-shape', 'shape null', one(tensor('F32', 'null', '[0,8]')));
  yield refused(20, 'bad-shape', 'shape a number', one(tensor('F32', '2', '[0,8]')));
  yield refused(20, 'bad-offsets', 'data_offsets null', one(tensor('F32', '[2]', 'null')));
  yield refused(21, 'bad-tensor', 'entry as an array', one('["F32",[2],[0,8]]'));
  yield refused(21, 'bad-dtype', 'dtype as an object', one(W.replace('"F32"', '{"F32":null}')));

  // 22: a field of another version.
  yield warned(22, 'unknown field', one(`{"stride":[1],${W.slice(1)}`));
  yield warned(
    22,
    'unknown field with nested values',
    one(`{"x":{"a":[null,true,-1.5e3,"b"]},${W.slice(1)}`),
  );

  // 23 and 24: dtypes.
  for (const dtype of WRONG_DTYPES)
    yield refused(23, 'bad-dtype', `dtype ${dtype || 'empty'}`, one(tensor(dtype, '[2]', '[0,8]')));
  for (const dtype of ['null', '5', '["F32"]', 'true'])
    yield refused(23, 'bad-dtype', `dtype is ${dtype}`, one(W.replace('"F32"', dtype)));
  for (const [dtype, b] of Object.entries(bits))
    yield ok(24, `dtype ${dtype}`, one(tensor(dtype, '[2,4]', `[0,${b}]`), b));

  // 25: half a byte.
  for (const [dtype, shape, end] of [['F4', '[3]', 1], ['F4', '[3]', 2], ['F4', '[]', 1], ['F6_E2M3', '[3]', 2], ['F6_E3M2', '[1]', 1]] as const) {
    yield refused(25, 'misaligned-tensor', `${dtype} ${shape} on ${end} bytes`, one(tensor(dtype, shape, `[0,${end}]`), end));
  } // prettier-ignore
  yield ok(25, 'F4 [2,3]', one(tensor('F4', '[2,3]', '[0,3]'), 3));

  // 26 to 28: dimensions that are no size.
  yield refused(26, 'bad-shape', 'negative dimension', one(tensor('F32', '[-2]', '[0,8]')));
  yield refused(26, 'bad-shape', 'two negative dimensions', one(tensor('F32', '[-1,-2]', '[0,8]')));
  for (const dim of WRONG_DIMS) {
    const isJson = !['02', '0x2', '+2'].includes(dim);
    yield refused(
      27,
      isJson ? 'bad-shape' : 'header-not-json',
      `dimension ${dim}`,
      one(tensor('F32', `[${dim}]`, '[0,8]')),
    );
  }
  yield refused(28, 'bad-shape', 'dimension 2^64', one(tensor('F32', '[18446744073709551616]', '[0,8]')));
  yield refused(
    28,
    'bad-shape',
    'dimension of 300 digits',
    one(tensor('F32', `[${'9'.repeat(300)}]`, '[0,8]')),
  );
  // Beyond float64 a number is none for most JSON readers.
  yield refused(
    28,
    'header-not-json',
    'dimension of a megabyte of digits',
    one(tensor('F32', `[${'9'.repeat(1_000_000)}]`, '[0,8]')),
  );

  // 29 to 31: products beyond numbers.
  for (const [name, dtype, shape] of [
    ['2^32 x 2^32', 'F32', '[4294967296,4294967296]'],
    ['2^60 x 32 bits', 'F32', '[1152921504606846976]'],
    ['product that wraps to 8 bits', 'U8', '[2305843009213693953]'],
    ['product that wraps to 0', 'F32', '[4294967296,4294967296,2]'],
    ['2 x 2^64-2', 'F32', '[2,18446744073709551614]'],
    ['2 x 2^63-1', 'F32', '[2,9223372036854775807]'],
  ] as const) {
    yield refused(29, 'shape-overflow', name, one(tensor(dtype, shape, '[0,8]')));
  }
  yield refused(
    30,
    'shape-overflow',
    'huge x huge x 0',
    one(tensor('F32', '[9223372036854775808,4294967296,0]', '[0,0]'), 0),
  );
  yield ok(30, '0 x 2^40 x 2^40', one(tensor('F32', '[0,1099511627776,1099511627776]', '[0,0]'), 0));
  yield warned(30, '0 x huge x huge', one(tensor('F32', '[0,9223372036854775808,4294967296]', '[0,0]'), 0));
  yield refused(
    31,
    'truncated-file',
    'dimension 2^53+1',
    one(tensor('U8', '[9007199254740993]', '[0,9007199254740993]'), 8),
  );
  // As numbers 2^53 and 2^53+1 are equal; as sizes they are not.
  yield refused(
    31,
    'truncated-file',
    'dimension 2^53+1 on 2^53 bytes',
    one(tensor('U8', '[9007199254740993]', '[0,9007199254740992]'), 8),
  );

  // 32: offsets that are not two sizes.
  for (const offsets of [
    '[0]',
    '[]',
    '[0,8,8]',
    '[0,-8]',
    '[-8,0]',
    '[0,8.0]',
    '["0","8"]',
    '[0,null]',
    '[0,18446744073709551616]',
    '8',
    '{"0":0,"1":8}',
  ]) {
    yield refused(32, 'bad-offsets', `offsets ${offsets}`, one(tensor('F32', '[2]', offsets)));
  }

  // 33: holes and overlaps.
  const pair = (a: string, b: string, dataBytes: number) => header(`{"a":${a},"b":${b}}`, dataBytes);
  yield refused(33, 'bad-offsets', 'begin behind end', one(tensor('F32', '[2]', '[8,0]')));
  yield refused(33, 'offsets-hole', 'first byte unused', one(tensor('F32', '[2]', '[1,9]'), 9));
  yield refused(33, 'offsets-hole', 'hole', pair(W, tensor('F32', '[2]', '[12,20]'), 20));
  yield refused(33, 'offsets-overlap', 'partial overlap', pair(W, tensor('F32', '[2]', '[4,12]'), 12));
  yield refused(33, 'offsets-overlap', 'full overlap', pair(W, W, 8));
  yield refused(
    33,
    'offsets-overlap',
    'one inside the other',
    pair(tensor('F32', '[4]', '[0,16]'), tensor('F32', '[2]', '[4,12]'), 16),
  );
  yield refused(
    33,
    'offsets-overlap',
    '10 tensors on the same bytes',
    header(
      many(10, () => tensor('I32', '[2,2]', '[0,16]')),
      16,
    ),
  );
  yield refused(33, 'offsets-overlap', '100000 tensors on the same bytes', () =>
    file(
      many(100_000, () => tensor('F32', '[200,200]', '[0,160000]')),
      160_000,
    ),
  );
  yield refused(
    33,
    'offsets-overlap',
    'empty tensor inside another',
    pair(W, tensor('F32', '[0]', '[4,4]'), 8),
  );
  yield refused(
    33,
    'offsets-hole',
    'empty tensor behind the end',
    pair(W, tensor('F32', '[0]', '[100,100]'), 8),
  );

  // 34: the shape needs other bytes than the offsets hold.
  yield refused(34, 'size-mismatch', 'too few bytes', one(tensor('I32', '[2,2]', '[0,4]'), 4));
  yield refused(34, 'size-mismatch', 'too many bytes', one(tensor('F32', '[1]', '[0,8]')));
  yield refused(34, 'size-mismatch', 'empty shape on 8 bytes', one(tensor('F32', '[0]', '[0,8]')));
  yield refused(34, 'size-mismatch', 'scalar on 8 bytes', one(tensor('F32', '[]', '[0,8]')));
  yield refused(
    34,
    'size-mismatch',
    '2^40 values on 8 bytes',
    one(tensor('F32', '[1048576,1048576]', '[0,8]')),
  );
  yield refused(
    34,
    'size-mismatch',
    '2^53 bits on 0 bytes',
    one(tensor('U8', '[1125899906842624]', '[0,0]'), 0),
  );

  // 35: the data is not as long as the tensors say.
  yield refused(35, 'truncated-file', 'no data', one(W, 0));
  yield refused(35, 'truncated-file', 'two bytes short', one(W, 6));
  yield refused(
    35,
    'truncated-file',
    'gigabytes missing',
    one(tensor('F32', '[1073741824]', '[0,4294967296]')),
  );
  yield refused(35, 'trailing-bytes', 'one byte more', one(W, 9));
  yield refused(35, 'trailing-bytes', 'zip behind', () =>
    concat(good(), utf8('PK\x05\x06'), new Uint8Array(18)),
  );
  yield refused(35, 'trailing-bytes', 'two files joined', () => concat(good(), good()));
  yield refused(35, 'trailing-bytes', 'no tensors but data', header('{}', 8));

  // 36 to 38: unusual and right.
  yield ok(36, 'no tensors', header('{}', 0));
  yield ok(36, 'empty tensor', one(tensor('F32', '[0]', '[0,0]'), 0));
  yield ok(36, 'empty tensor [0,5]', one(tensor('F32', '[0,5]', '[0,0]'), 0));
  yield ok(
    36,
    'empty tensor between others',
    header(`{"a":${W},"e":${tensor('F32', '[2,0]', '[8,8]')},"b":${tensor('F32', '[2]', '[8,16]')}}`, 16),
  );
  yield ok(
    36,
    'two empty tensors at one place',
    pair(tensor('F32', '[0]', '[0,0]'), tensor('F16', '[0]', '[0,0]'), 0),
  );
  yield ok(36, 'scalar', one(tensor('F32', '[]', '[0,4]'), 4));
  yield ok(37, 'names in another order than bytes', pair(tensor('F32', '[2]', '[8,16]'), W, 16));
  yield ok(38, 'odd header length', header(`{"w":${W}}${' '.repeat(W.length % 2 === 0 ? 1 : 2)}`));
  yield ok(38, 'F32 at byte 1', pair(tensor('U8', '[1]', '[0,1]'), tensor('F32', '[2]', '[1,9]'), 9));

  // 39: names.
  for (const [name, key] of [
    ['empty', ''],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a path', '../../etc/passwd'],
    ['HTML', '<img src=x onerror=alert(1)>'],
    ['1024 letters', 'x'.repeat(1024)],
    ['right-to-left', 'abc\u202egnp.exe'],
  ] as const) {
    yield ok(39, `name: ${name}`, () => file(`{${JSON.stringify(key)}:${W}}`, 8));
  }
  yield ok(
    39,
    'name: composed and decomposed e with acute',
    header(`{"\u00e9":${W},"e\u0301":${tensor('F32', '[2]', '[8,16]')}}`, 16),
  );
  yield refused(39, 'bad-name', 'name: 1025 letters', header(`{"${'x'.repeat(1025)}":${W}}`));
  yield refused(39, 'bad-name', 'name: a megabyte', () => file(`{"${'x'.repeat(1_000_000)}":${W}}`, 8));
  yield refused(39, 'bad-name', 'name: NUL', header(`{"a\\u0000b":${W}}`));

  // 40: another kind of file.
  for (const [name, bytes] of WRONG_FILES) yield refused(40, 'not-safetensors', name, () => concat(bytes));

  // 41 and 42: many.
  yield ok(41, '100000 tensors', () =>
    file(
      many(100_000, (i) => tensor('F32', '[2]', `[${8 * i},${8 * i + 8}]`)),
      800_000,
    ),
  );
  yield ok(42, '16 dimensions', one(tensor('F32', `[2${',1'.repeat(15)}]`, '[0,8]')));
  yield refused(42, 'bad-shape', '17 dimensions', one(tensor('F32', `[2${',1'.repeat(16)}]`, '[0,8]')));
  yield refused(
    42,
    'bad-shape',
    '100000 dimensions of 1',
    one(tensor('F32', `[2${',1'.repeat(99_999)}]`, '[0,8]')),
  );
}

/** Files, each right or wrong in one way; no two have the same name. Nothing is built before its `bytes()` is called. */
export const corpus: readonly Case[] = [...cases()];
