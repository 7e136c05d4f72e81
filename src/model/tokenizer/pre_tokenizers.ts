import { toByteLevel } from './byte_level.ts';
import { isNumeric, isPunctuation, isWhiteSpace, WORDS } from './characters.ts';
import { quoted, readPart, refuse, type PartTable } from './fields.ts';
import { findPattern } from './pattern.ts';
import { BEHAVIORS, findCharacters, inverted, split, type Behavior, type Find } from './split.ts';

/** A text between added tokens. */
export interface Piece {
  text: string;
  /** Whether it begins where the whole text begins. */
  first: boolean;
}

/** Cuts a piece into words, which the model then takes one by one. */
export interface PreTokenizer {
  split(piece: Piece): string[];
  /** Whether the cut depends on `first`. */
  wants_start: boolean;
}

const cutting = (cut: (text: string) => string[]): PreTokenizer => ({
  split: ({ text }) => cut(text),
  wants_start: false,
});
const at = (find: Find, behavior: Behavior): PreTokenizer =>
  cutting((text) => split(text, find(text), behavior));

/** GPT-2's words: contractions, letters, numbers and other characters, each with a space before, and white space. */
const GPT2_WORDS = findPattern(
  {
    Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  },
  'ByteLevel',
);

/** The pre-tokenizers of the Rust library (tokenizers 0.23) that are computed here. */
const PRE_TOKENIZERS: PartTable<PreTokenizer> = {
  ByteLevel(fields) {
    const add_prefix_space = fields.boolean('add_prefix_space');
    const use_regex = fields.boolean('use_regex', true);
    fields.skip('trim_offsets');
    return cutting((text) => {
      const spaced = add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text;
      const words = use_regex ? split(spaced, GPT2_WORDS(spaced), 'Isolated') : [spaced];
      return words.map(toByteLevel);
    });
  },
  Metaspace(fields) {
    const replacement = fields.text('replacement');
    if ([...replacement].length !== 1) {
      refuse(`${fields.where}: replacement is ${quoted(replacement)}; it must be one character.`);
    }
    let scheme = fields.choice('prepend_scheme', ['always', 'first', 'never'], 'always');
    if (!fields.boolean('add_prefix_space', true)) {
      if (scheme === 'first')
        refuse(`${fields.where}: add_prefix_space is false and prepend_scheme "first".`);
      scheme = 'never';
    }
    const words = fields.boolean('split', true);
    fields.skip('str_rep');
    const find = findCharacters((character) => character === replacement);
    return {
      wants_start: scheme === 'first',
      split({ text, first }) {
        let marked = text.replaceAll(' ', replacement);
        const prepends = scheme === 'always' || (scheme === 'first' && first);
        if (prepends && !marked.startsWith(replacement)) marked = replacement + marked;
        return words ? split(marked, find(marked), 'MergedWithNext') : [marked];
      },
    };
  },
  Split(fields) {
    const find = findPattern(fields.value('pattern'), fields.where);
    const behavior = fields.choice('behavior', BEHAVIORS);
    return at(fields.boolean('invert') ? inverted(find) : find, behavior);
  },
  Digits: (fields) =>
    at(findCharacters(isNumeric), fields.boolean('individual_digits') ? 'Isolated' : 'Contiguous'),
  Punctuation: (fields) =>
    at(findCharacters(isPunctuation), fields.choice('behavior', BEHAVIORS, 'Isolated')),
  Whitespace: () => cutting((text) => text.match(WORDS) ?? []),
  WhitespaceSplit: () => at(findCharacters(isWhiteSpace), 'Removed'),
  BertPreTokenizer: () =>
    sequence([at(findCharacters(isWhiteSpace), 'Removed'), at(findCharacters(isPunctuation), 'Isolated')]),
  CharDelimiterSplit(fields) {
    const delimiter = fields.text('delimiter');
    return at(
      findCharacters((character) => character === delimiter),
      'Removed',
    );
  },
  FixedLength(fields) {
    const length = fields.count('length', 5);
    if (length === 0) refuse(`${fields.where}: length is 0.`);
    return cutting((text) => {
      const characters = [...text];
      return Array.from({ length: Math.ceil(characters.length / length) }, (_, i) =>
        characters.slice(i * length, (i + 1) * length).join(''),
      );
    });
  },
  Sequence(fields) {
    const parts = fields.list('pretokenizers').map((part) => readPreTokenizer(part));
    if (parts.slice(1).some((part) => part.wants_start)) {
      refuse(`${fields.where}: Metaspace with prepend_scheme "first" is computed only where it comes first.`);
    }
    return sequence(parts);
  },
};

const sequence = (parts: readonly PreTokenizer[]): PreTokenizer => ({
  split: (piece) =>
    parts.reduce<string[]>(
      (words, part, i) =>
        words
          .flatMap((text) => part.split({ text, first: i === 0 && piece.first }))
          .filter((word) => word !== ''),
      [piece.text],
    ),
  wants_start: parts[0]?.wants_start ?? false,
});

/** @throws bad-tokenizer when it is not computed here */
export const readPreTokenizer = (json: unknown): PreTokenizer =>
  readPart(json, 'pre_tokenizer', PRE_TOKENIZERS);
