/** Classes of characters as Rust has them: `char::is_whitespace` and the regex crate's `\w`, which JavaScript's `\s` and `\w` are not. */

/** What a class with this pattern matches as one whole character: `oneOf('\\p{N}')('½')` is true. */
const oneOf = (characters: string) => {
  const pattern = new RegExp(`^[${characters}]$`, 'u');
  return (character: string): boolean => pattern.test(character);
};

const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';

export const isWhiteSpace = oneOf('\\p{White_Space}');
export const isNumeric = oneOf('\\p{N}');
export const isPunctuation = oneOf('\\p{P}!-\\/:-@\\[-`\\{-~');

/** Runs of word characters and runs of anything else but white space. */
export const WORDS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu');

const AFTER_WORD = new RegExp(`(?<=[${WORD}])`, 'uy');
const BEFORE_WORD = new RegExp(`(?=[${WORD}])`, 'uy');

/** Whether the character before, or the one at, the index is part of a word. */
export function touchesWord(text: string, index: number, side: 'before' | 'at'): boolean {
  const pattern = side === 'before' ? AFTER_WORD : BEFORE_WORD;
  pattern.lastIndex = index;
  return pattern.test(text);
}

/** Where the white space begins that ends at `index`, and where it ends that begins there. */
export function spaceBefore(text: string, index: number): number {
  while (index > 0 && isWhiteSpace(text[index - 1]!)) index--;
  return index;
}
export function spaceAfter(text: string, index: number): number {
  while (index < text.length && isWhiteSpace(text[index]!)) index++;
  return index;
}
