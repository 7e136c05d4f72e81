import type { Point, Shown } from '../view/points.ts';

/** Everything a report says, before it becomes Markdown, HTML or anything else; derived from a result, never stored. */
export interface Report {
  title: string;
  /** The result in one sentence; undefined while nothing is measured. */
  verdict: string | undefined;
  /** The experiment in a few computed sentences. */
  summary: string[];
  /** The configuration to take, and the proof that each is what it says. */
  answer: Section[];
  sections: Section[];
  /** Bits against score, a chart a task. */
  tradeoffs: Tradeoff[];
  /** Ways to get the same numbers again. */
  reproduce: HowTo[];
}

/** A heading with a table, or with sentences. */
export interface Section {
  title: string;
  text: string[];
  table?: Table | undefined;
}

export interface Table {
  header: string[];
  rows: string[][];
}

/** Points of one metric of one task. */
export interface Tradeoff {
  shown: Shown;
  higher_is_better: boolean;
  points: Point[];
}

/** Options for what a result does not hold: where its link leads. */
export interface ReportOptions {
  /** The page's address with the spec in it. */
  link?: string | undefined;
}

/** One way to get the numbers again, as text to copy. */
export interface HowTo {
  title: string;
  /** The text's language, for a code block. */
  language: 'text' | 'sh' | 'python';
  text: string;
  /** A sentence on the numbers that will differ, where some will. */
  note?: string;
}
