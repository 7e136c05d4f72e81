import { DTYPES } from '../../src/tensor/dtype.ts';
import type { Random } from '../../src/tensor/random.ts';

/** A safetensors file in the making: its header's text, the length that is said of it, its bytes of data. */
interface Draft {
  header: string;
  /** Added to the header's true length. */
  off: number;
  data: number;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random.integer(from.length)]!;

const NAMES = ['w', 'a.b', '', '__proto__', 'constructor', 'toString', 'ü', '\\u0041', '\\ud83d\\ude42', '__metadata__', '\\u0000']; // prettier-ignore
const ALL_DTYPES = [...DTYPES.keys()];
const ODD_DTYPES = ['F33', 'f32', '', 'F8_E4M3FN', 'I4', '__proto__', 'constructor', 'F32 ', 'BF16\\u0000'];
const ODD_NUMBERS = [
  ...[
    '-1',
    '-0',
    '2.0',
    '2e0',
    '1e3',
    '1.5',
    '0',
    '00',
    '01',
    '+1',
    '0x2',
    'NaN',
    'null',
    'true',
    '"2"',
    '[2]',
    '{}',
  ],
  ...[
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '4294967296',
    '2305843009213693953',
  ],
  ...['1e999', '99999999999999999999999', '1E+2', '8', '16'],
];
const TOKENS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', ' ', '\n', '\t', '\r', '\u0000', '\ufeff', '\\u0000', '\\ud800', '\\n'],
  ...['null', 'true', '""', '{}', '[]', '"dtype"', '"shape"', '"data_offsets"', '"__metadata__":{"a":"b"},', '"x":1,'],
  ...['"dtype":"F32",', '"shape":[0],', '"__metadata__":null,', '"__metadata__":[],', '//', "'", '[[[[[[[[[[', ']]]]]]]]]]'],
  ...['"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},', '[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]', '\u00e9', '\u{1f642}'],
]; // prettier-ignore

/** A sound file of up to five small tensors, in any order, some of them empty, with or without metadata. */
function sound(random: Random): Draft {
  const entries: string[] = [];
  let at = 0;
  const names = new Set<string>();
  for (let n = random.integer(6); n > 0; n--) {
    const name = pick(random, NAMES) + (random.uniform() < 0.7 ? String(n) : '');
    const dtype = pick(random, ALL_DTYPES);
    const shape = Array.from({ length: random.integer(4) }, () => random.integer(4));
    const bits = shape.reduce((product, d) => product * d, DTYPES.get(dtype)!);
    if (bits % 8 !== 0 || names.has(name) || name === '__metadata__') continue;
    names.add(name);
    const end = at + bits / 8;
    entries.push(`"${name}":{"dtype":"${dtype}","shape":[${shape.join()}],"data_offsets":[${at},${end}]}`);
    at = end;
  }
  if (random.uniform() < 0.3) entries.push('"__metadata__":{"format":"pt","k":"v"}');
  random.shuffle(entries);
  const space = pick(random, ['', '', '', ' ', '\n', '\t ']);
  return { header: `{${entries.join(`,${space}`)}}${' '.repeat(random.integer(9))}`, off: 0, data: at };
}

const between = (text: string, begin: number, end: number, put: string): string =>
  text.slice(0, begin) + put + text.slice(end);

/** Replaces one of the matches by another text. */
function replaceOne(random: Random, draft: Draft, what: RegExp, by: (found: string) => string): void {
  const found = [...draft.header.matchAll(what)];
  if (found.length === 0) return;
  const { index, 0: text } = pick(random, found);
  draft.header = between(draft.header, index, index + text.length, by(text));
}

function range(random: Random, { length }: string): [number, number] {
  const begin = random.integer(length + 1);
  return [begin, Math.min(length, begin + random.integer(30))];
}

type Change = (random: Random, draft: Draft) => void;

/** Changes of one kind each, to a sound file. */
export const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  'numbers changed': [
    (random, draft) => {
      replaceOne(random, draft, /\d+/g, (n) => String(Number(n) + pick(random, [-8, -2, -1, 1, 2, 4, 8])));
    },
    (random, draft) => replaceOne(random, draft, /\d+/g, () => pick(random, ODD_NUMBERS)),
    (random, draft) =>
      replaceOne(random, draft, /\[[^\]]*\]/g, (list) => list.replace(']', `,${pick(random, ODD_NUMBERS)}]`)),
    (random, draft) => replaceOne(random, draft, /\d+,/g, () => ''),
  ],
  'fields changed': [
    (random, draft) =>
      replaceOne(
        random,
        draft,
        /"dtype":"[^"]*"/g,
        () => `"dtype":"${pick(random, [...ODD_DTYPES, ...ALL_DTYPES])}"`,
      ),
    (random, draft) =>
      replaceOne(random, draft, /"(?:dtype|shape|data_offsets)":[^,\]}]*[\]"]?,?/g, () => ''),
    (random, draft) =>
      replaceOne(random, draft, /"(?:dtype|shape|data_offsets)"/g, () => `"${pick(random, NAMES)}"`),
    (random, draft) => replaceOne(random, draft, /"[^"]*":\{/g, () => `"${pick(random, NAMES)}":{`),
    (random, draft) =>
      replaceOne(random, draft, /"dtype":/g, (found) => `"x":${pick(random, ODD_NUMBERS)},${found}`),
    (random, draft) =>
      replaceOne(
        random,
        draft,
        /\{"dtype":("[^"]*"),"shape":(\[[^\]]*\]),"data_offsets":(\[[^\]]*\])\}/g,
        (found) =>
          found
            .replace(/"[a-z_]+":/g, '')
            .replace('{', '[')
            .replace('}', ']'),
      ),
  ],
  'text changed': [
    (random, draft) => {
      const [begin] = range(random, draft.header);
      draft.header = between(draft.header, begin, begin, pick(random, TOKENS));
    },
    (random, draft) => {
      const [begin] = range(random, draft.header);
      draft.header = between(draft.header, begin, begin + 1, pick(random, TOKENS));
    },
    (random, draft) => {
      const [begin, end] = range(random, draft.header);
      draft.header = between(draft.header, begin, end, '');
    },
  ],
  'parts doubled and moved': [
    (random, draft) => {
      const [begin, end] = range(random, draft.header);
      draft.header = between(draft.header, end, end, draft.header.slice(begin, end));
    },
    (random, draft) => {
      const [begin, end] = range(random, draft.header);
      const [to] = range(random, draft.header);
      draft.header = between(draft.header, to, to, draft.header.slice(begin, end));
    },
    (random, draft) => {
      replaceOne(random, draft, /"[^"]*":\{"dtype"[^}]*\}/g, (entry) => `${entry},${entry}`);
    },
    (random, draft) =>
      replaceOne(random, draft, /"[a-z_]+":(?:"[^"]*"|\[[^\]]*\])/g, (field) => `${field},${field}`),
  ],
  'lengths changed': [
    (random, draft) => (draft.off += pick(random, [-8, -2, -1, 1, 2, 8, 2 ** 20, 2 ** 32, 1e8, 2 ** 52])),
    (random, draft) => (draft.data = Math.max(0, draft.data + pick(random, [-8, -2, -1, 1, 2, 8]))),
    (random, draft) => (draft.header += pick(random, [' ', '\n', '\u0000', '}', '{}', ',', '\t\r\n '])),
    (random, draft) =>
      (draft.header = pick(random, [' ', '\n', '\u0000', '\ufeff', '[', '0']) + draft.header),
  ],
};

const encoder = new TextEncoder();

function bytesOf({ header, off, data }: Draft): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(header);
  const file = new Uint8Array(8 + text.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(text.length + off)), true);
  file.set(text, 8);
  return file;
}

/** A file of a seed: sound, then changed up to four times; "bytes" changes what was encoded, "all" mixes the kinds. */
export function mutatedFile(random: Random, kind: string): Uint8Array<ArrayBuffer> {
  const draft = sound(random);
  const changes = CHANGES[kind] ?? (kind === 'all at once' ? Object.values(CHANGES).flat() : []);
  const times = random.integer(5);
  for (let i = 0; i < times && changes.length > 0; i++) pick(random, changes)(random, draft);
  const file = bytesOf(draft);
  if (kind !== 'bytes changed' && (kind !== 'all at once' || random.uniform() < 0.7)) return file;
  for (let i = 0; i < times; i++) {
    const at = random.integer(file.length);
    file[at] = random.uniform() < 0.5 ? file[at]! ^ (1 << random.integer(8)) : random.integer(256);
  }
  return random.uniform() < 0.1 ? file.slice(0, random.integer(file.length + 1)) : file;
}

/** The kinds of mutations. */
export const MUTATIONS: readonly string[] = [...Object.keys(CHANGES), 'bytes changed', 'all at once'];
