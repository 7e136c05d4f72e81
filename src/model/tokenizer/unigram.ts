import { quoted, refuse, type Fields } from './fields.ts';
import { byteTokens, type TokenModel } from './token_model.ts';
import { trieOf, type TrieNode } from './trie.ts';

/** A character unknown to the vocabulary costs this much more than its unlikeliest token. */
const UNKNOWN_PENALTY = 10;

/**
 * Unigram as the Rust library (tokenizers 0.23, models/unigram, encode_optimized): the cut of a word with the highest
 * sum of scores, found from left to right in time and memory proportional to its length; unknown neighbours are one.
 */
export function unigram(fields: Fields): TokenModel {
  const tokens: string[] = [];
  const scores: number[] = [];
  const ids = new Map<string, number>();
  for (const entry of fields.list('vocab')) {
    const [token, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      refuse(`${fields.where}: vocab has ${quoted(entry)}; allowed: a token and its score.`);
    }
    ids.set(token, tokens.length);
    tokens.push(token);
    scores.push(score);
  }
  const unknown = fields.value('unk_id') == null ? undefined : fields.count('unk_id');
  if (unknown !== undefined && unknown >= tokens.length) refuse(`${fields.where}: unk_id is ${unknown}.`);
  const byte_fallback = fields.boolean('byte_fallback', false);
  const unknownScore = scores.reduce((low, score) => Math.min(low, score), Infinity) - UNKNOWN_PENALTY;
  const root = trieOf(ids);
  const unknownId = () =>
    unknown ?? refuse(`${fields.where}: unk_id is missing, and a text has an unknown character.`);

  /** Where the best last token of each beginning of the word begins, and its id. */
  function bestCuts(word: string): { begins: Int32Array; last: Int32Array } {
    const begins = new Int32Array(word.length + 1).fill(-1);
    const last = new Int32Array(word.length + 1);
    const best = new Float64Array(word.length + 1);
    const offer = (begin: number, end: number, id: number, score: number) => {
      const sum = score + best[begin]!;
      if (begins[end] !== -1 && sum <= best[end]!) return;
      best[end] = sum;
      begins[end] = begin;
      last[end] = id;
    };
    for (let begin = 0; begin < word.length;) {
      const next = begin + (word.codePointAt(begin)! > 0xffff ? 2 : 1);
      let alone = false;
      let node: TrieNode | undefined = root;
      for (let end = begin; end < word.length;) {
        node = node.children.get(word.charCodeAt(end++));
        if (!node) break;
        if (node.id < 0) continue;
        offer(begin, end, node.id, scores[node.id]!);
        alone ||= end === next;
      }
      if (!alone) offer(begin, next, unknownId(), unknownScore);
      begin = next;
    }
    return { begins, last };
  }

  function idsOf(text: string): readonly number[] {
    const id = ids.get(text);
    if (id !== undefined) return [id];
    return (byte_fallback ? byteTokens(text, ids) : undefined) ?? [unknownId()];
  }

  return {
    id: (token) => ids.get(token),
    token: (id) => tokens[id],
    size: tokens.length,
    tokenize(word) {
      const { begins, last } = bestCuts(word);
      const texts: string[] = [];
      for (let end = word.length; end > 0;) {
        let begin = begins[end]!;
        if (last[end] === unknown) {
          while (begin > 0 && last[begin] === unknown) begin = begins[begin]!;
        }
        texts.push(word.slice(begin, end));
        end = begin;
      }
      return texts.reverse().flatMap(idsOf);
    },
  };
}
