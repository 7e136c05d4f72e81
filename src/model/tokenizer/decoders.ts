import { inProportion, replaceMatches } from './bounded.ts';
import { beginsWithin, fromByteLevel } from './byte_level.ts';
import { isObject, readPart, refuse, type PartTable } from './fields.ts';
import { findPattern } from './pattern.ts';

/** Makes text of tokens, step by step; what the last step leaves is put together. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE = /^<0x([+0-9A-Fa-f][0-9A-Fa-f])>$/;

/** The decoders of the Rust library (tokenizers 0.23) that are computed here. */
const DECODERS: PartTable<Decoder> = {
  ByteLevel(fields) {
    fields.skip('add_prefix_space', 'trim_offsets', 'use_regex');
    return (tokens) => [fromByteLevel(tokens)];
  },
  Metaspace(fields) {
    const replacement = fields.text('replacement');
    const scheme = fields.choice('prepend_scheme', ['always', 'first', 'never'], 'always');
    const never = scheme === 'never' || !fields.boolean('add_prefix_space', true);
    fields.skip('split', 'str_rep');
    return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && !never ? '' : ' '));
  },
  ByteFallback: () => decodeBytes,
  Fuse: () => (tokens) => [tokens.join('')],
  Replace(fields) {
    const find = findPattern(fields.value('pattern'), fields.where);
    const content = fields.text('content');
    return (tokens) => tokens.map((token) => replaceMatches(find, token, content, fields.where));
  },
  Strip(fields) {
    const content = fields.text('content');
    const start = fields.count('start');
    if (fields.count('stop') > 0) refuse(`${fields.where}: stop above 0 is not computed here.`);
    return (tokens) =>
      tokens.map((token) => {
        let cut = 0;
        while (cut < start * content.length && token.startsWith(content, cut)) cut += content.length;
        return token.slice(cut);
      });
  },
  BPEDecoder(fields) {
    const suffix = fields.text('suffix', '</w>');
    return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
  },
  WordPiece(fields) {
    const prefix = fields.text('prefix');
    const cleanup = fields.boolean('cleanup');
    return (tokens) =>
      tokens.map((token, i) => {
        const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? cleanUp(joined, true) : joined;
      });
  },
  Sequence(fields) {
    const parts = fields.list('decoders').map((part) => readDecoder(part));
    return (tokens) =>
      parts.reduce<readonly string[]>((made, part) => {
        const next = part(made);
        inProportion(lengthOf(tokens), next.join(''), fields.where);
        return next;
      }, tokens);
  },
};

const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** Runs of byte tokens as their text, `<0xC3>` `<0xA9>` as é; a run that is not UTF-8 gives one U+FFFD a byte. */
function decodeBytes(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      texts.push(UTF8.decode(Uint8Array.from(bytes)));
    } catch {
      texts.push('\ufffd'.repeat(bytes.length));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE.exec(token)?.[1];
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

const SPACED: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/**
 * Takes spaces before punctuation and contractions away, as transformers' clean_up_tokenization; WordPiece's own
 * decoder also shortens "do not".
 */
export function cleanUp(text: string, shortens = false): string {
  return SPACED.reduce((cleaned, [found, put]) => {
    const shorter = shortens && found === " 's" ? cleaned.replaceAll(' do not', " don't") : cleaned;
    return shorter.replaceAll(found, put);
  }, text);
}

/** @throws bad-tokenizer when it is not computed here */
export const readDecoder = (json: unknown): Decoder => readPart(json, 'decoder', DECODERS);

/** Whether text falls in two between two tokens. */
type Parts = (before: string, after: string) => boolean;

const ALWAYS: Parts = () => true;
const NEVER: Parts = () => false;

/** How a decoder's text falls in two; one that changes text over several tokens never lets it. */
export function partsOf(json: unknown): Parts {
  if (json === null || json === undefined) return ALWAYS;
  if (!isObject(json)) return NEVER;
  switch (json.type) {
    case 'ByteLevel':
      return (_, after) => !beginsWithin(after);
    case 'ByteFallback':
      return (before, after) => !(BYTE.test(before) && BYTE.test(after));
    case 'Metaspace':
    case 'BPEDecoder':
    case 'Replace':
    case 'Strip':
    case 'Fuse':
      return ALWAYS;
    case 'WordPiece':
      return json.cleanup === false ? ALWAYS : NEVER;
    case 'Sequence': {
      const decoders = json.decoders as readonly { type: string }[];
      const fused = decoders.findIndex(({ type }) => type === 'Fuse');
      // Behind a fusion only what touches the beginning leaves the rest as it is.
      if (fused >= 0 && decoders.slice(fused + 1).some(({ type }) => type !== 'Strip')) return NEVER;
      const parts = decoders.map(partsOf);
      return (before, after) => parts.every((part) => part(before, after));
    }
    default:
      return NEVER;
  }
}
