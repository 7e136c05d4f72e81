import { quoted, refuse, type Fields } from './fields.ts';
import { makeHeap } from './heap.ts';
import { byteTokens, readVocab, vocabulary, type TokenModel } from './token_model.ts';

/** What two neighbours become: `rank` orders the merges, `made[rank]` is the token they make. */
interface Merges {
  rank: Map<number, number>;
  made: number[];
}

/** One number for a pair of ids, one for a rank and a place; both stay below 2^53. */
const PAIR = 2 ** 26;
const PLACE = 2 ** 31;
/** Words of up to this many UTF-16 units are remembered, as many of them as the Rust library's cache holds. */
const CACHED_LENGTH = 256;
const CACHED_WORDS = 10_000;

/**
 * Byte-pair encoding as the Rust library (tokenizers 0.23, models/bpe): characters are looked up first, unknown ones
 * become bytes or the unknown token or nothing, then pairs are merged by rank and from the left.
 */
export function bpe(fields: Fields): TokenModel {
  const ids = readVocab(fields);
  if ((fields.value('dropout') ?? 0) !== 0) {
    refuse(`${fields.where}: dropout is ${quoted(fields.value('dropout'))}; it would cut at random.`);
  }
  const prefix = fields.text('continuing_subword_prefix', '');
  const suffix = fields.text('end_of_word_suffix', '');
  const unknown = fields.value('unk_token') == null ? undefined : fields.text('unk_token');
  const fuse_unk = fields.boolean('fuse_unk', false);
  const byte_fallback = fields.boolean('byte_fallback', false);
  const ignore_merges = fields.boolean('ignore_merges', false);
  const merges = readMerges(fields, ids, prefix);
  const cache = new Map<string, readonly number[]>();

  function symbolsOf(word: string): number[] {
    const symbols: number[] = [];
    let waiting: number | undefined;
    let at = 0;
    for (const character of word) {
      const last = at + character.length === word.length;
      const token = (at === 0 ? '' : prefix) + character + (last ? suffix : '');
      at += character.length;
      const id = ids.get(token);
      if (id !== undefined) {
        if (waiting !== undefined) symbols.push(waiting);
        waiting = undefined;
        symbols.push(id);
        continue;
      }
      const bytes = byte_fallback ? byteTokens(token, ids) : undefined;
      if (bytes) {
        symbols.push(...bytes);
      } else if (unknown !== undefined) {
        if (waiting !== undefined && !fuse_unk) symbols.push(waiting);
        waiting =
          ids.get(unknown) ??
          refuse(`${fields.where}: unk_token ${quoted(unknown)} is not in the vocabulary.`);
      }
    }
    if (waiting !== undefined) symbols.push(waiting);
    return symbols;
  }

  return {
    ...vocabulary(ids),
    tokenize(word) {
      const whole = ignore_merges ? ids.get(word) : undefined;
      if (whole !== undefined) return [whole];
      const cached = cache.get(word);
      if (cached) return cached;
      const tokens = mergeAll(symbolsOf(word), merges);
      if (word.length < CACHED_LENGTH && cache.size < CACHED_WORDS) cache.set(word, tokens);
      return tokens;
    },
  };
}

/** Merges as "a b" or ["a", "b"], the first first. */
function readMerges(fields: Fields, ids: ReadonlyMap<string, number>, prefix: string): Merges {
  const merges: Merges = { rank: new Map(), made: [] };
  for (const merge of fields.list('merges')) {
    if (typeof merge === 'string' && merge.startsWith('#version')) continue;
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2) {
      refuse(`${fields.where}: ${quoted(merge)} among the merges is not two tokens.`);
    }
    const [left, right] = pair as [string, string];
    const idOf = (token: string): number =>
      ids.get(token) ?? refuse(`${fields.where}: merges name ${quoted(token)}, which the vocabulary lacks.`);
    merges.rank.set(idOf(left) * PAIR + idOf(right), merges.made.length);
    merges.made.push(idOf(left + right.slice(prefix.length)));
  }
  return merges;
}

/** Merges neighbours, the lowest rank first, until no pair is left that merges. */
function mergeAll(symbols: readonly number[], { rank, made }: Merges): readonly number[] {
  const n = symbols.length;
  if (n < 2) return symbols;
  const tokens = [...symbols];
  const before = tokens.map((_, place) => place - 1);
  const behind = tokens.map((_, place) => place + 1);
  const gone = new Uint8Array(n);
  const heap = makeHeap();
  const rankAt = (place: number) => rank.get(tokens[place]! * PAIR + tokens[behind[place]!]!);
  const consider = (place: number) => {
    const found = rankAt(place);
    if (found !== undefined) heap.push(found * PLACE + place);
  };
  for (let place = 0; place < n - 1; place++) consider(place);
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    const place = next % PLACE;
    const token = made[Math.floor(next / PLACE)]!;
    const right = behind[place]!;
    if (gone[place] || right === n) continue;
    // An entry is stale unless the pair that stands there now makes the same token, be it by another merge.
    const now = rankAt(place);
    if (now === undefined || made[now] !== token) continue;
    tokens[place] = token;
    gone[right] = 1;
    behind[place] = behind[right]!;
    if (behind[place] < n) {
      before[behind[place]] = place;
      consider(place);
    }
    if (before[place]! >= 0) consider(before[place]!);
  }
  return tokens.filter((_, place) => !gone[place]);
}
