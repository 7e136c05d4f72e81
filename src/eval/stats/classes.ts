import type { ClassifyItem } from '../item.ts';

/** Scores of one class; `support` is the number of texts that are of it. */
export interface ClassScore {
  /** Index of the class. */
  label: number;
  /** Of the texts called so, the share that is so. */
  precision: number;
  /** Of the texts that are so, the share called so. */
  recall: number;
  /** Their harmonic mean. */
  f1: number;
  support: number;
}

/**
 * The classes that occur, as gold or as an answer, in order: scikit-learn's precision_recall_fscore_support, with 0
 * where it would divide by zero. Gold 0, 0, 1 answered 0, 1, 1: precision 1 and 0.5, recall 0.5 and 1, f1 0.667 both.
 */
export function classScores(items: readonly Pick<ClassifyItem, 'pred' | 'gold'>[]): ClassScore[] {
  const labels = [...new Set(items.flatMap(({ pred, gold }) => [pred, gold]))].sort((a, b) => a - b);
  return labels.map((label) => {
    const called = items.filter(({ pred }) => pred === label).length;
    const support = items.filter(({ gold }) => gold === label).length;
    const hits = items.filter(({ pred, gold }) => pred === label && gold === label).length;
    return {
      label,
      precision: ratio(hits, called),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, called + support),
      support,
    };
  });
}

/** The unweighted means over classes, so that a rare class counts as much as a common one. */
export function macroScores(scores: readonly ClassScore[]): Record<'precision' | 'recall' | 'f1', number> {
  const over = (key: 'precision' | 'recall' | 'f1') =>
    ratio(
      scores.reduce((sum, score) => sum + score[key], 0),
      scores.length,
    );
  return { precision: over('precision'), recall: over('recall'), f1: over('f1') };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
