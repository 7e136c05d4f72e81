/** A merge in the order in which the library would learn it: its two pieces, and the place of what they make. */
interface Merge {
  left: string;
  right: string;
  score: number;
}

/**
 * The merges of a SentencePiece vocabulary, which keeps a score for each piece instead: every cut of a piece into two
 * pieces is one, those of higher scores first, of equal ones the longer first (transformers, convert_slow_tokenizer.py,
 * generate_merges).
 */
export function mergesOf(
  scores: ReadonlyMap<string, number>,
  ids: ReadonlyMap<string, number>,
): [string, string][] {
  const merges: Merge[] = [];
  for (const [piece, score] of scores) {
    const characters = [...piece];
    const cuts: Merge[] = [];
    let left = '';
    for (let i = 0; i < characters.length - 1; i++) {
      left += characters[i]!;
      const right = piece.slice(left.length);
      if (ids.has(left) && ids.has(right)) cuts.push({ left, right, score });
    }
    cuts.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    merges.push(...cuts);
  }
  const length = (text: string): number => [...text].length;
  return merges
    .map((merge) => ({ ...merge, lengths: [length(merge.left), length(merge.right)] as const }))
    .sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1])
    .map(({ left, right }) => [left, right]);
}
