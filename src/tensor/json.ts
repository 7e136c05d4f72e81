import { LabError, type ErrorCode } from '../errors.ts';

/**
 * Nesting that a header needs is three: file, tensor, shape. Eight leaves room for fields of later versions
 * and keeps the recursion far from the stack's end.
 */
const MAX_DEPTH = 8;

/** 2^64 - 1 has 20 digits. Longer ones are never made a BigInt: a megabyte of digits would take minutes. */
const MAX_DIGITS = 20;
const MAX_U64 = 2n ** 64n - 1n;

/** The code of each way a text can fail: not UTF-8, not JSON, nested too deep. */
export interface TextCodes {
  readonly encoding: ErrorCode;
  readonly syntax: ErrorCode;
  readonly depth: ErrorCode;
}

/**
 * A place in a JSON text that free functions move along; `what` names the text in every refusal.
 *
 * JSON.parse does not do: it hides duplicate keys, reads 2.0 and -0 as integers, takes lone surrogates,
 * and nests without end.
 */
export interface Cursor {
  readonly text: string;
  offset: number;
  depth: number;
  readonly what: string;
  readonly codes: TextCodes;
}

/** A cursor at the start of UTF-8 bytes: `openText(bytes, 'the header of a.safetensors', codes)`. */
export function openText(bytes: Uint8Array, what: string, codes: TextCodes): Cursor {
  let text: string;
  try {
    // ignoreBOM keeps the mark in the text, where it is no JSON; without it the mark would vanish unseen.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LabError(codes.encoding, `${what} is not UTF-8, the only encoding allowed`, { cause });
  }
  return { text, offset: 0, depth: 0, what, codes };
}

/** What a JSON value is, by its first character; `nothing` is the end of the text or a character that starts no value. */
export type Kind = 'object' | 'array' | 'string' | 'number' | 'literal' | 'nothing';

const QUOTE = 34;
const BACKSLASH = 92;

/** Control characters that JSON.stringify leaves, invisible ones, and those that turn the direction of writing. */
const UNSEEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Enough to recognize a name by; a hostile one may have a megabyte. */
const SHOWN = 80;

const escapeUnseen = (text: string): string =>
  text.replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The text as a message may show it: quoted, unseen characters escaped, 80 characters at most: `a"b` is "a\\"b". */
export function quote(text: string): string {
  return escapeUnseen(JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}...` : text));
}

function refuse(cursor: Cursor, expected: string): never {
  const { text, offset, what, codes } = cursor;
  const found = offset < text.length ? quote(String.fromCodePoint(text.codePointAt(offset)!)) : 'its end';
  throw new LabError(
    codes.syntax,
    `${what} is not JSON: found ${found} at character ${offset}, expected ${expected}`,
  );
}

/** JSON knows four: space, tab, line feed, carriage return. A NUL or a byte order mark is not one. */
function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  let { offset } = cursor;
  for (;;) {
    const c = text.charCodeAt(offset);
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
    offset++;
  }
  cursor.offset = offset;
}

/** The kind of the value that comes next: of `  [2,3]` it is 'array'. Moves over white space only. */
export function nextKind(cursor: Cursor): Kind {
  skipSpace(cursor);
  const c = cursor.text.charCodeAt(cursor.offset);
  if (c === 123) return 'object';
  if (c === 91) return 'array';
  if (c === QUOTE) return 'string';
  if (c === 45 || (c >= 48 && c <= 57)) return 'number';
  if (c === 110 || c === 116 || c === 102) return 'literal';
  return 'nothing';
}

function expectCharacter(cursor: Cursor, character: string): void {
  skipSpace(cursor);
  if (cursor.text[cursor.offset] !== character) refuse(cursor, `"${character}"`);
  cursor.offset++;
}

/** Moves over a comma and answers true, or over the closing bracket and answers false. */
function goesOn(cursor: Cursor, close: string): boolean {
  skipSpace(cursor);
  const c = cursor.text[cursor.offset];
  if (c !== ',' && c !== close) refuse(cursor, `"," or "${close}"`);
  cursor.offset++;
  return c === ',';
}

function enter(cursor: Cursor, open: string): void {
  expectCharacter(cursor, open);
  if (++cursor.depth > MAX_DEPTH) {
    throw new LabError(
      cursor.codes.depth,
      `${cursor.what} nests deeper than ${MAX_DEPTH} levels at character ${cursor.offset}; allowed: ${MAX_DEPTH}`,
    );
  }
}

/**
 * Reads an object; `onValue(key)` must read or skip exactly the value. A key that comes twice is refused:
 * `{"a":1,"a":2}` throws 'duplicate-name'. `owner` then names the object.
 */
export function readObject(cursor: Cursor, owner: () => string, onValue: (key: string) => void): void {
  enter(cursor, '{');
  const seen = new Set<string>();
  skipSpace(cursor);
  if (cursor.text[cursor.offset] === '}') cursor.offset++;
  else {
    do {
      const key = readString(cursor);
      if (seen.has(key)) {
        throw new LabError(
          'duplicate-name',
          `${cursor.what} names ${quote(key)} twice in ${owner()}; allowed: once`,
        );
      }
      seen.add(key);
      expectCharacter(cursor, ':');
      onValue(key);
    } while (goesOn(cursor, '}'));
  }
  cursor.depth--;
}

/** Reads an array; `onItem(index)` must read or skip exactly the item. Of `[5,6]` it is called with 0 and 1. */
export function readArray(cursor: Cursor, onItem: (index: number) => void): void {
  enter(cursor, '[');
  skipSpace(cursor);
  if (cursor.text[cursor.offset] === ']') cursor.offset++;
  else {
    let index = 0;
    do onItem(index++);
    while (goesOn(cursor, ']'));
  }
  cursor.depth--;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Reads a string: `"a\u0041"` gives aA. Raw control characters and halves of surrogate pairs are refused. */
export function readString(cursor: Cursor): string {
  expectCharacter(cursor, '"');
  const { text } = cursor;
  const begin = cursor.offset;
  let end = begin;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c === QUOTE) {
      cursor.offset = end + 1;
      return text.slice(begin, end);
    }
    if (c === BACKSLASH || c < 32) break;
  }
  cursor.offset = end;
  return readEscaped(cursor, text.slice(begin, end));
}

function readEscaped(cursor: Cursor, start: string): string {
  const { text } = cursor;
  const parts = [start];
  let begin = cursor.offset;
  for (;;) {
    const c = text.charCodeAt(cursor.offset);
    if (c === QUOTE || c === BACKSLASH) {
      parts.push(text.slice(begin, cursor.offset++));
      if (c === QUOTE) return parts.join('');
      parts.push(readEscape(cursor));
      begin = cursor.offset;
    } else if (c >= 32) cursor.offset++;
    else refuse(cursor, 'a character of a string or its closing quote');
  }
}

/** The cursor stands behind the backslash. */
function readEscape(cursor: Cursor): string {
  const { text } = cursor;
  const known = ESCAPES.get(text[cursor.offset] ?? '');
  if (known !== undefined) {
    cursor.offset++;
    return known;
  }
  const high = readUnit(cursor);
  if (high < 0xd800 || high > 0xdfff) return String.fromCharCode(high);
  const lowFollows = high < 0xdc00 && text[cursor.offset] === '\\';
  if (lowFollows) cursor.offset++;
  const low = lowFollows ? readUnit(cursor) : 0;
  if (low < 0xdc00 || low > 0xdfff) refuse(cursor, 'the second half of a surrogate pair before it');
  return String.fromCharCode(high, low);
}

/** `u` and four hexadecimal digits. */
function readUnit(cursor: Cursor): number {
  const digits = cursor.text.slice(cursor.offset + 1, cursor.offset + 5);
  if (cursor.text[cursor.offset] !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) {
    refuse(cursor, 'an escape that JSON has');
  }
  cursor.offset += 5;
  return parseInt(digits, 16);
}

/** Sticky, so that it looks at the cursor's place and nowhere else. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;

function readToken(cursor: Cursor, pattern: RegExp, expected: string): string {
  skipSpace(cursor);
  pattern.lastIndex = cursor.offset;
  const token = pattern.exec(cursor.text)?.[0];
  if (token === undefined) refuse(cursor, expected);
  cursor.offset += token.length;
  return token;
}

/** Reads a number as it is written: `2.0` stays "2.0". One beyond float64, such as 1e999, is refused. */
export function readNumber(cursor: Cursor): string {
  const token = readToken(cursor, NUMBER, 'a number');
  if (Number.isFinite(Number(token))) return token;
  cursor.offset -= token.length;
  return refuse(cursor, 'a number below 1.8e308');
}

/**
 * An integer of 0…2^64 - 1 from a number as it is written, exactly; undefined for every other one.
 * "12" is 12, "9007199254740993" is 9007199254740993n; "2.0", "2e0", "-0", "-1" and 2^64 are undefined.
 */
export function unsigned(token: string): number | bigint | undefined {
  if (token.length > MAX_DIGITS || !/^[0-9]+$/.test(token)) return undefined;
  const value = Number(token);
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const exact = BigInt(token);
  return exact <= MAX_U64 ? exact : undefined;
}

/** Moves over any value, as strictly as if it were wanted, and answers its first characters for a message. */
export function skipValue(cursor: Cursor): string {
  const kind = nextKind(cursor);
  const begin = cursor.offset;
  if (kind === 'object')
    readObject(
      cursor,
      () => 'a nested object',
      () => skipValue(cursor),
    );
  else if (kind === 'array') readArray(cursor, () => skipValue(cursor));
  else if (kind === 'string') readString(cursor);
  else if (kind === 'number') readNumber(cursor);
  else readToken(cursor, LITERAL, 'a value');
  // Line ends between the parts of a value are the only control characters it can hold.
  const text = cursor.text.slice(begin, Math.min(cursor.offset, begin + SHOWN)).replace(/\s+/g, ' ');
  return escapeUnseen(cursor.offset - begin > SHOWN ? `${text}...` : text);
}

/** Refuses whatever but white space follows the value: a NUL, a second value, a comma. */
export function expectEnd(cursor: Cursor): void {
  skipSpace(cursor);
  if (cursor.offset < cursor.text.length) refuse(cursor, 'its end');
}
