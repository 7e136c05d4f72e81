import { bpe } from './bpe.ts';
import { isObject, quoted, readPart, refuse, type Fields, type PartTable } from './fields.ts';
import { readVocab, vocabulary, type TokenModel } from './token_model.ts';
import { unigram } from './unigram.ts';

/** The models of the Rust library (tokenizers 0.23). */
const MODELS: PartTable<TokenModel> = {
  BPE: bpe,
  Unigram: unigram,
  WordPiece: wordPiece,
  WordLevel: wordLevel,
};

/** A word is one token or unknown. */
function wordLevel(fields: Fields): TokenModel {
  const ids = readVocab(fields);
  const unknown = unknownOf(fields, ids);
  return { ...vocabulary(ids), tokenize: (word) => [ids.get(word) ?? unknown()] };
}

/** The longest token that begins a word, then the longest that goes on; where there is none, the whole word is unknown. */
function wordPiece(fields: Fields): TokenModel {
  const ids = readVocab(fields);
  const unknown = unknownOf(fields, ids);
  const prefix = fields.text('continuing_subword_prefix', '##');
  const longest = fields.count('max_input_chars_per_word', 100);
  return {
    ...vocabulary(ids),
    tokenize(word) {
      const characters = [...word];
      if (characters.length > longest) return [unknown()];
      const found: number[] = [];
      for (let begin = 0; begin < characters.length;) {
        let end = characters.length;
        let id: number | undefined;
        for (; end > begin; end--) {
          id = ids.get((begin > 0 ? prefix : '') + characters.slice(begin, end).join(''));
          if (id !== undefined) break;
        }
        if (id === undefined) return [unknown()];
        found.push(id);
        begin = end;
      }
      return found;
    },
  };
}

/** The unknown token's id, asked for where a text needs it. */
function unknownOf(fields: Fields, ids: ReadonlyMap<string, number>): () => number {
  const token = fields.text('unk_token');
  return () =>
    ids.get(token) ?? refuse(`${fields.where}: unk_token ${quoted(token)} is not in the vocabulary.`);
}

/** A file of the library's first versions names no type; such a model with merges is BPE. */
export const modelType = (json: unknown): unknown =>
  isObject(json) ? (json.type ?? ('merges' in json ? 'BPE' : undefined)) : undefined;

/** @throws bad-tokenizer when it is not computed here */
export const readModel = (json: unknown): TokenModel =>
  readPart(isObject(json) ? { ...json, type: modelType(json) } : json, 'model', MODELS);
