import { isObject, quoted, refuse, type Fields } from './fields.ts';

/** What makes ids of a word. */
export interface TokenModel {
  tokenize(word: string): readonly number[];
  id(token: string): number | undefined;
  token(id: number): string | undefined;
  /** Tokens of the vocabulary: where ids of added tokens begin. */
  size: number;
}

/** The vocabulary { token: id } of a model. */
export function readVocab(fields: Fields): Map<string, number> {
  const vocab = fields.value('vocab');
  if (!isObject(vocab))
    refuse(`${fields.where}: vocab is ${quoted(vocab)}; it must be tokens with their ids.`);
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 26) {
      refuse(`${fields.where}: the id of ${quoted(token)} is ${quoted(id)}.`);
    }
    ids.set(token, id as number);
  }
  return ids;
}

/** The look-ups of a model with this vocabulary. */
export function vocabulary(ids: ReadonlyMap<string, number>): Omit<TokenModel, 'tokenize'> {
  const tokens = new Map(Array.from(ids, ([token, id]) => [id, token]));
  return { id: (token) => ids.get(token), token: (id) => tokens.get(id), size: ids.size };
}

const ENCODER = new TextEncoder();

/** Ids of a text's bytes, é as `<0xC3>` `<0xA9>`, or nothing where the vocabulary lacks one of them. */
export function byteTokens(text: string, ids: ReadonlyMap<string, number>): number[] | undefined {
  const found = Array.from(ENCODER.encode(text), (byte) =>
    ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  return found.includes(undefined) ? undefined : (found as number[]);
}
