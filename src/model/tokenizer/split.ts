/** A stretch of a text, and whether a pattern matched it. Stretches cover their text in order. */
export interface Stretch {
  begin: number;
  end: number;
  matched: boolean;
}

/** Finds a pattern in a text. */
export type Find = (text: string) => Stretch[];

export const BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const;
export type Behavior = (typeof BEHAVIORS)[number];

/**
 * Parts of a text around the matches of a pattern, as NormalizedString::split of the Rust library (tokenizers 0.23):
 * "a-b--c" at "-": Removed [a, b, c], Isolated [a, -, b, -, -, c], MergedWithPrevious [a-, b-, -, c],
 * MergedWithNext [a, -b, -, -c], Contiguous [a, -, b, --, c].
 */
export function split(text: string, stretches: readonly Stretch[], behavior: Behavior): string[] {
  const parts = partsOf(stretches, behavior).map(({ begin, end }) => text.slice(begin, end));
  return parts.filter((part) => part !== '');
}

function partsOf(stretches: readonly Stretch[], behavior: Behavior): Omit<Stretch, 'matched'>[] {
  if (behavior === 'Removed') return stretches.filter(({ matched }) => !matched);
  if (behavior === 'Isolated') return [...stretches];
  const backwards = behavior === 'MergedWithNext';
  const parts: { begin: number; end: number }[] = [];
  let before = false;
  for (const { begin, end, matched } of backwards ? [...stretches].reverse() : stretches) {
    const joins = behavior === 'Contiguous' ? matched === before : matched && !before;
    before = matched;
    const last = parts.at(-1);
    if (!joins || !last) parts.push({ begin, end });
    else if (backwards) last.begin = begin;
    else last.end = end;
  }
  return backwards ? parts.reverse() : parts;
}

/** Finds each character of a kind. */
export const findCharacters =
  (is: (character: string) => boolean): Find =>
  (text) => {
    const stretches: Stretch[] = [];
    let from = 0;
    let at = 0;
    for (const character of text) {
      const end = at + character.length;
      if (is(character)) {
        if (from < at) stretches.push({ begin: from, end: at, matched: false });
        stretches.push({ begin: at, end, matched: true });
        from = end;
      }
      at = end;
    }
    if (from < at) stretches.push({ begin: from, end: at, matched: false });
    return stretches;
  };

/** Finds what does not match, and the other way round. */
export const inverted =
  (find: Find): Find =>
  (text) =>
    find(text).map((stretch) => ({ ...stretch, matched: !stretch.matched }));
