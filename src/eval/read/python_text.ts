/**
 * White space as Python's str.isspace, str.strip, str.split and re's \s know it, as the inside of a character class.
 * JavaScript's \s lacks U+001C to U+001F and U+0085, and has U+FEFF, which Python does not count.
 */
export const SPACE = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/**
 * A word character, as re's \w in Python 3 matches it: letters, numbers and the underscore of every script;
 * JavaScript's \w is ASCII.
 */
export const WORD = String.raw`[\p{L}\p{N}_]`;

const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');
const RUN = new RegExp(`[${SPACE}]+`, 'gu');

/** Python's `text.strip()`: `strip(' a b\n')` is 'a b'. */
export const strip = (text: string): string => text.replace(EDGES, '');

/** Python's `text.split()`: runs of white space part, the ends give nothing; `splitWords(' a  b ')` is ['a', 'b']. */
export function splitWords(text: string): string[] {
  return text.split(RUN).filter((word) => word !== '');
}

/** Python's `len(re.split(r"\s+", text))`: the empty ends count, so `countWords(' a b ')` is 4 and of '' it is 1. */
export const countWords = (text: string): number => text.split(RUN).length;

/** Python's `len(text)`: code points, not UTF-16 units; `countCharacters('🍎 pie')` is 5 where `.length` is 6. */
export function countCharacters(text: string): number {
  const pairs = text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0;
  return text.length - pairs;
}

/** Python's `len(text.encode("utf-8"))`: `countBytes('naïve')` is 6. */
export const countBytes = (text: string): number => new TextEncoder().encode(text).length;
