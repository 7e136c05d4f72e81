import { inProportion, replaceMatches } from './bounded.ts';
import { isWhiteSpace } from './characters.ts';
import { toByteLevel } from './byte_level.ts';
import { readPart, type PartTable } from './fields.ts';
import { findPattern } from './pattern.ts';

/** What is done to a text before it is cut. */
export interface Normalizer {
  normalize(text: string): string;
  /** Whether the text's first character never goes away: where it does, nothing stands at the text's very beginning. */
  keeps_start: boolean;
}

const keeping = (normalize: (text: string) => string): Normalizer => ({ normalize, keeps_start: true });
const dropping = (normalize: (text: string) => string): Normalizer => ({ normalize, keeps_start: false });

/** The normalizers of the Rust library (tokenizers 0.23) that are computed here. */
const NORMALIZERS: PartTable<Normalizer> = {
  NFC: () => keeping((text) => text.normalize('NFC')),
  NFD: () => keeping((text) => text.normalize('NFD')),
  NFKC: () => keeping((text) => text.normalize('NFKC')),
  NFKD: () => keeping((text) => text.normalize('NFKD')),
  // Rust lowers each character alone; JavaScript lowers a Σ at the end of a word to ς.
  Lowercase: () => keeping((text) => Array.from(text, (character) => character.toLowerCase()).join('')),
  StripAccents: () => dropping((text) => text.replace(/\p{M}/gu, '')),
  ByteLevel: () => keeping(toByteLevel),
  Prepend(fields) {
    const prepend = fields.text('prepend');
    return keeping((text) => (text === '' ? text : prepend + text));
  },
  Strip(fields) {
    const left = fields.boolean('strip_left');
    const right = fields.boolean('strip_right');
    return dropping((text) => {
      let [begin, end] = [0, text.length];
      while (left && begin < end && isWhiteSpace(text[begin]!)) begin++;
      while (right && begin < end && isWhiteSpace(text[end - 1]!)) end--;
      return text.slice(begin, end);
    });
  },
  Replace(fields) {
    const find = findPattern(fields.value('pattern'), fields.where);
    const content = fields.text('content');
    const replace = (text: string) => replaceMatches(find, text, content, fields.where);
    return content === '' ? dropping(replace) : keeping(replace);
  },
  Sequence(fields) {
    const parts = fields.list('normalizers').map((part) => readNormalizer(part));
    return {
      normalize: (text) =>
        parts.reduce((made, part) => inProportion(text.length, part.normalize(made), fields.where), text),
      keeps_start: parts.every((part) => part.keeps_start),
    };
  },
};

/** @throws bad-tokenizer when it is not computed here */
export const readNormalizer = (json: unknown): Normalizer => readPart(json, 'normalizer', NORMALIZERS);
