import { quoted, refuse } from './fields.ts';
import type { Find } from './split.ts';

/** The longest text that a step may make of one: no normalization makes more than 18 characters of one, a few in front. */
const longest = (length: number): number => 1000 + 64 * length;

/**
 * What a step made of a text, if it is not out of proportion: each of forty Replaces may double what the one before made.
 * @throws bad-tokenizer
 */
export function inProportion(before: number, made: string, where: string): string {
  if (made.length <= longest(before)) return made;
  return refuse(
    `${where} makes ${made.length} characters of ${before}; at most ${longest(before)} are computed here.`,
  );
}

/** Replaces every match; throws bad-tokenizer where that makes far more of the text. */
export function replaceMatches(find: Find, text: string, content: string, where: string): string {
  const stretches = find(text);
  const matches = stretches.filter(({ matched }) => matched).length;
  // Counted first: a long content could fill the memory while it is put together.
  const length = text.length + matches * content.length;
  if (length > longest(text.length)) {
    refuse(
      `${where} makes ${length} characters of ${text.length}; at most ${longest(text.length)} are computed here.`,
    );
  }
  return stretches.map(({ begin, end, matched }) => (matched ? content : text.slice(begin, end))).join('');
}

/** What a repetition of a group must know of it. */
export interface GroupShape {
  /** Something in it repeats without a bound, and gives back what it took. */
  repeats: boolean;
  /** Where its alternatives begin in the expression; one that has none has one. */
  alternatives: number[];
}

/** From so many times on a repetition counts as one without a bound. */
const MANY = 32;

/** Whether a quantifier repeats without a bound, or nearly: +, *, {2,}, {0,100}. */
export function isUnbounded(quantifier: string): boolean {
  const [, least = '', comma, most] = /^\{(\d*)(,?)(\d*)\}$/.exec(quantifier) ?? [];
  if (!quantifier.startsWith('{')) return quantifier !== '?';
  return comma && !most ? true : Number(most || least) > MANY;
}

/**
 * Refuses a repetition of what can be matched in several ways: its search would take twice as long with each character,
 * and cannot be stopped. "(a+)+", "(a|a)*", "(\w+\s?)+".
 * @throws bad-tokenizer
 */
export function requireOneWay(group: GroupShape, text: string, said: string): void {
  if (group.repeats) {
    refuse(
      `${said}: a repetition of a repetition (${quoted(text)}) may search without end, and is not computed here.`,
    );
  }
  const { alternatives } = group;
  if (alternatives.length < 2) return;
  const firsts = alternatives.map((begin, i) =>
    firstOf(text.slice(begin, alternatives[i + 1] ?? text.length)),
  );
  const overlap = firsts.some(
    (first, i) =>
      first === undefined ||
      firsts
        .slice(i + 1)
        .some((other) => other === undefined || SAMPLE.some((c) => first.test(c) && other.test(c))),
  );
  if (overlap) {
    refuse(
      `${said}: a repetition of alternatives that begin alike (${quoted(text)}) may search without end, and is not computed here.`,
    );
  }
}

/** Characters of every kind that classes tell apart. */
const SAMPLE: readonly string[] = [
  ...Array.from({ length: 0x250 }, (_, i) => String.fromCodePoint(i)),
  ...Array.from({ length: 400 }, (_, i) => String.fromCodePoint(0x250 + i * 89)).filter(
    (c) => !/\p{Cs}/u.test(c),
  ),
];

/** Matches the characters an alternative begins with; undefined where that may be nothing or is no single character. */
function firstOf(alternative: string): RegExp | undefined {
  const atom =
    /^(?:\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u.{4}|x..|.)|\[(?:\\.|[^\]\\])+\]|[^()|[\]\\.*+?^${}])/u.exec(
      alternative,
    )?.[0];
  const next = atom === undefined ? undefined : alternative[atom.length];
  if (atom === undefined || /^\\[bBAzZG]/.test(atom) || (next !== undefined && '?*{'.includes(next)))
    return undefined;
  try {
    return new RegExp(`^(?:${atom})$`, 'u');
  } catch {
    return undefined;
  }
}
