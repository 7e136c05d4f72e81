import { WORD, splitWords } from './read/python_text.ts';

/** Python's string.punctuation: ASCII only, so a curly quote or a Chinese full stop stays. */
const PUNCTUATION = /[!-/:-@[-`{-~]/g;

/** \b(a|an|the)\b with Python's \b: "thé" and "a2" are whole words, so nothing in them is an article. */
const ARTICLES = new RegExp(`(?<!${WORD})(?:a|an|the)(?!${WORD})`, 'gu');

/**
 * The words that are compared: lower case, no ASCII punctuation, no articles, white space collapsed.
 * `normalizeAnswer("The  cat's hat.")` is 'cats hat'. SQuAD's rule, from transformers' squad_metrics.py.
 */
export function normalizeAnswer(answer: string): string {
  return splitWords(answer.toLowerCase().replace(PUNCTUATION, '').replace(ARTICLES, ' ')).join(' ');
}

/** 1 if the normalised answers are equal, else 0: `exactMatch('A cat', 'cat!')` is 1. */
export const exactMatch = (ref: string, pred: string): number =>
  normalizeAnswer(ref) === normalizeAnswer(pred) ? 1 : 0;

/**
 * Harmonic mean of word precision and recall, words counted as often as they come: `tokenF1('red hat', 'a red red
 * coat')` is 0.4. If an answer has no words, 1 where neither has any, else 0.
 */
export function tokenF1(ref: string, pred: string): number {
  const refWords = splitWords(normalizeAnswer(ref));
  const predWords = splitWords(normalizeAnswer(pred));
  if (refWords.length === 0 || predWords.length === 0) return refWords.length === predWords.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of refWords) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of predWords) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / predWords.length;
  const recall = same / refWords.length;
  return (2 * precision * recall) / (precision + recall);
}

/**
 * CoQA's score against several references: the best match with one left out, averaged over which one; with a single
 * reference the match itself. So a model is judged as each of the people who answered is: against the other answers.
 * Refs a, b and pred a with exactMatch give (0 + 1) / 2 = 0.5.
 */
export function leaveOneOut(
  match: (ref: string, pred: string) => number,
  refs: readonly string[],
  pred: string,
): number {
  const matches = refs.map((ref) => match(ref, pred));
  if (matches.length === 1) return matches[0]!;
  const best = matches.map((_, left) => Math.max(...matches.filter((_, other) => other !== left)));
  return best.reduce((sum, value) => sum + value, 0) / matches.length;
}
