import { strip } from './read/python_text.ts';

/** The part of a generated text that is scored, its first line: `firstLine(' red\nblue')` is 'red'. */
export const firstLine = (text: string): string => strip(text).split('\n')[0]!;
