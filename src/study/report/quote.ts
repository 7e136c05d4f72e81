import { oneLine } from '../one_line.ts';

/** A text as a word of a POSIX shell's command line: `it's` is `'it'\''s'`. Whatever it holds, it stays one word. */
export function shellWord(text: string): string {
  const line = oneLine(text);
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}

/** A text as a string of Python on one line, in ASCII: `é` is `"\u00e9"`. */
export const pythonString = (text: string): string =>
  JSON.stringify(oneLine(text)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A text in which nothing opens markup of Markdown, ends a cell or a line, or turns the direction of reading. */
export const markdownText = (text: string): string => oneLine(text).replace(/[\\`*_[\]<>|#~]/g, '\\$&');
