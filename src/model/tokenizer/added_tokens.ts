import { spaceAfter, spaceBefore, touchesWord } from './characters.ts';
import { fieldsOf, quoted, refuse } from './fields.ts';
import type { Normalizer } from './normalizers.ts';
import type { Piece } from './pre_tokenizers.ts';
import type { TokenModel } from './token_model.ts';
import { trieOf, type TrieNode } from './trie.ts';

/** A token that is cut out of a text before the model sees it. */
export interface AddedToken {
  content: string;
  /** Found only where no word goes on before or behind it. */
  single_word: boolean;
  /** Takes the white space before, or behind. */
  lstrip: boolean;
  rstrip: boolean;
  /** Found in the normalized text, by its normalized content. */
  normalized: boolean;
  /** Left out of a decoded text. */
  special: boolean;
}

/** An added token of a JSON file, with the defaults of the Python class. `special` overrides the file's. */
export function readAddedToken(json: unknown, where: string, special?: boolean): AddedToken {
  const fields = fieldsOf(json, where);
  fields.skip('id', '__type', 'special');
  const is_special = special ?? fields.boolean('special', false);
  const token: AddedToken = {
    content: fields.text('content'),
    single_word: fields.boolean('single_word', false),
    lstrip: fields.boolean('lstrip', false),
    rstrip: fields.boolean('rstrip', false),
    normalized: fields.boolean('normalized', !is_special),
    special: is_special,
  };
  fields.done();
  return token;
}

/** A text as a special token. */
export const specialToken = (content: string): AddedToken => ({
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** A part of a text: an added token's id, or what stands between. */
export type Section = { id: number } | Piece;

/** The added tokens of a tokenizer. */
export interface AddedTokens {
  id(token: string): number | undefined;
  /** The token of an id as a decoder takes it: normalized, where it is found in normalized texts. */
  token(id: number): string | undefined;
  isSpecial(token: string): boolean;
  /** Cuts a text at added tokens and normalizes what stands between. */
  sections(text: string): Section[];
}

/**
 * Added tokens by the rules of the Rust library (tokenizers 0.23, added_vocabulary.rs): a token of the vocabulary keeps
 * its id, others get the next free one whatever their file says; a later token of the same content replaces an earlier.
 * @param calls tokens as they were added, call by call: within one call new ids follow each other
 * @param split_special_tokens takes special tokens in a text for plain text
 */
export function addTokens(
  calls: readonly (readonly AddedToken[])[],
  model: TokenModel,
  normalizer: Normalizer | undefined,
  split_special_tokens: boolean,
): AddedTokens {
  const ids = new Map<string, number>();
  const added = new Map<number, AddedToken>();
  const special = new Set<string>();
  /** What a token is written as where normalizing changes it; kept when a later token is not normalized. */
  const changed = new Map<number, string>();
  for (const tokens of calls) {
    let next = nextId(added, model);
    for (const token of tokens) {
      if (token.content === '') continue;
      const id = ids.get(token.content) ?? model.id(token.content) ?? next++;
      const normalized = token.normalized && normalizer ? normalizer.normalize(token.content) : token.content;
      if (normalized !== token.content) changed.set(id, normalized);
      ids.set(token.content, id);
      added.set(id, token);
      if (token.special) special.add(token.content);
    }
  }
  const written = (id: number) => changed.get(id) ?? added.get(id)?.content;
  const finder = (normalized: boolean) =>
    matcher(
      [...added]
        .filter(([, token]) => token.normalized === normalized)
        .map(([id, { content }]) => [normalized ? written(id)! : content, id]),
    );
  const inText = finder(false);
  const inNormalized = finder(true);

  /** The piece's sections by matches of one kind, from left to right, the longest of those that begin together. */
  function cut({ text, first }: Piece, find: Matcher): Section[] {
    const sections: Section[] = [];
    let from = 0;
    const between = (end: number) => {
      if (from < end) sections.push({ text: text.slice(from, end), first: first && from === 0 });
    };
    for (const { id, begin, end } of find(text)) {
      const token = added.get(id)!;
      if (split_special_tokens && special.has(token.content)) continue;
      if (token.single_word && (touchesWord(text, begin, 'before') || touchesWord(text, end, 'at'))) continue;
      const start = token.lstrip ? Math.max(spaceBefore(text, begin), from) : begin;
      const stop = token.rstrip ? spaceAfter(text, end) : end;
      between(start);
      if (start > stop)
        refuse(`tokenizer.json: the added token ${quoted(token.content)} overlaps another's white space.`);
      // A token of white space that the one before has taken leaves nothing, and is left out.
      if (start < stop) sections.push({ id });
      from = stop;
    }
    between(text.length);
    return sections;
  }

  return {
    id: (token) => ids.get(token),
    token: written,
    isSpecial: (token) => special.has(token),
    sections: (text) =>
      cut({ text, first: true }, inText).flatMap((section) => {
        if ('id' in section) return [section];
        const normalized = normalizer ? normalizer.normalize(section.text) : section.text;
        return cut({ ...section, text: normalized }, inNormalized);
      }),
  };
}

/** The id behind the vocabulary and all added tokens. */
function nextId(added: ReadonlyMap<number, AddedToken>, model: TokenModel): number {
  let next = model.size;
  for (const id of added.keys()) next = Math.max(next, id + 1);
  return next;
}

interface Match {
  id: number;
  begin: number;
  end: number;
}
type Matcher = (text: string) => Match[];

/** Finds the leftmost of given texts in a text, the longest of those that begin together, then goes on behind it. */
function matcher(patterns: readonly (readonly [string, number])[]): Matcher {
  const seen = new Set<string>();
  for (const [pattern] of patterns) {
    if (pattern === '' || seen.has(pattern)) {
      refuse(
        `tokenizer.json: two added tokens, or an empty one, are written ${quoted(pattern)} once normalized.`,
      );
    }
    seen.add(pattern);
  }
  const root = trieOf(patterns);
  return (text) => {
    const matches: Match[] = [];
    if (root.children.size === 0) return matches;
    for (let begin = 0; begin < text.length;) {
      let node: TrieNode | undefined = root;
      let match: Match | undefined;
      for (let end = begin; end < text.length;) {
        node = node.children.get(text.charCodeAt(end++));
        if (!node) break;
        if (node.id >= 0) match = { id: node.id, begin, end };
      }
      if (match) matches.push(match);
      begin = match ? match.end : begin + 1;
    }
    return matches;
  };
}
