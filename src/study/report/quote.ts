import { oneLine } from '../one_line.ts';

/** A text as a word of a POSIX shell's command line, line ends and all: `it's` is `'it'\''s'`. */
export const shellText = (text: string): string =>
  /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** The same on one line, of names and links. */
export const shellWord = (text: string): string => shellText(oneLine(text));

/** A text as a string of Python on one line, in ASCII: `é` is `"\u00e9"`. */
export const pythonString = (text: string): string =>
  JSON.stringify(oneLine(text)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A text in which nothing opens markup of Markdown, ends a cell or a line, or turns the direction of reading. */
export const markdownText = (text: string): string => oneLine(text).replace(/[\\`*_[\]<>|#~]/g, '\\$&');
