import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** Tokens that are decoded at least, so that no text is cut within a character, and the first has others in front. */
const KEPT = 8;

/**
 * Looks for texts in what tokens decode to, while they come one by one: each time a few of the last tokens are decoded
 * instead of all. Finds what a search through the whole text would find.
 */
export function tailSearch(tokenizer: Tokenizer, sought: readonly string[]): (id: number) => boolean {
  const longest = Math.max(0, ...sought.map(({ length }) => length));
  let ids: number[] = [];
  return (id) => {
    ids.push(id);
    if (sought.length === 0) return false;
    const text = tokenizer.decode(ids);
    if (sought.some((one) => text.includes(one))) return true;
    if (ids.length > 4 * KEPT && text.length > 4 * longest) ids = shortened(tokenizer, ids, longest);
    return false;
  };
}

/** The last tokens from a place on where the text of all falls in two: as few as show `length` characters. */
function shortened(tokenizer: Tokenizer, ids: number[], length: number): number[] {
  for (let from = ids.length - KEPT; from > 0; from--) {
    if (!tokenizer.parts(ids[from - 1]!, ids[from]!)) continue;
    const tail = ids.slice(from);
    // The first token's text may begin otherwise than behind others, so it does not count.
    if (tokenizer.decode(tail.slice(1)).length > 2 * length) return tail;
  }
  return ids;
}
