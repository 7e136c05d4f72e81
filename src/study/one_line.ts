import * as v from 'valibot';

/** Control characters, line ends and what turns the direction of reading: none of it belongs into a name. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A text on one line, with a blank in place of each character that is none to be read. */
export const oneLine = (text: string): string => text.replace(new RegExp(UNSEEN, 'g'), ' ');

/** A schema of names and titles: a line of at most so many characters, which can hide nothing. */
export const lineOf = (most: number) =>
  v.pipe(
    v.string('text'),
    v.maxLength(most, `at most ${most} characters`),
    v.check((text) => !UNSEEN.test(text), 'one line, without control characters'),
  );
