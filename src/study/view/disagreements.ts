import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { ItemResult } from '../../eval/item.ts';

/** A cell of the 2×2 table of two configurations' answers: both right, the first alone, the second alone, or neither. */
export type Cell = 'both' | 'first' | 'second' | 'neither';

/** One question as two configurations answered it. */
export interface ItemPair {
  doc_id: number;
  first: ItemResult;
  second: ItemResult;
  /** Missing for a text, which has no right and wrong. */
  cell: Cell | undefined;
  /**
   * The change from the first to the second: of the right choice's lead in nats, of f1, or of a text's nats a token.
   * Negative is worse.
   */
  change: number;
}

/** A page of the questions of a task that two configurations answered, which are places among a result's runs. */
export interface PairsAsked {
  task: TaskName;
  first: number;
  second: number;
  /** The questions of one cell; all where it is undefined. */
  cell: Cell | undefined;
  /** Places in that list, the largest change first; `to` is behind the last. */
  from: number;
  to: number;
}

/** Such a page, and what there is in all. */
export interface Pairs {
  /** Questions that both have answered. */
  total: number;
  /** By cell; undefined for a task whose items are neither right nor wrong. */
  counts: Record<Cell, number> | undefined;
  /** Those that the list has. */
  listed: number;
  pairs: ItemPair[];
}

/** Every question of a task that both have answered, the largest change first. */
export function pairItems(
  task: TaskName,
  first: readonly ItemResult[],
  second: readonly ItemResult[],
): ItemPair[] {
  const others = new Map(second.map((item) => [item.doc_id, item]));
  return first
    .flatMap((item): ItemPair[] => {
      const other = others.get(item.doc_id);
      if (!other) return [];
      return [
        {
          doc_id: item.doc_id,
          first: item,
          second: other,
          cell: cellOf(isRight(task, item), isRight(task, other)),
          change: strength(other) - strength(item),
        },
      ];
    })
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

/** A page of the pairs that `pairItems` gives. */
export function pairsOf(pairs: readonly ItemPair[], { cell, from, to }: Omit<PairsAsked, 'task'>): Pairs {
  const listed = cell === undefined ? pairs : pairs.filter((pair) => pair.cell === cell);
  return {
    total: pairs.length,
    counts: pairs.some((pair) => pair.cell !== undefined) ? countCells(pairs) : undefined,
    listed: listed.length,
    pairs: listed.slice(from, to),
  };
}

/** Counts of the questions in each cell. */
export function countCells(pairs: readonly ItemPair[]): Record<Cell, number> {
  const counts = { both: 0, first: 0, second: 0, neither: 0 };
  for (const { cell } of pairs) if (cell) counts[cell]++;
  return counts;
}

/** Right by the task's primary metric; an answer in words is right where it equals an accepted one, by half its references at least. */
function isRight(task: TaskName, item: ItemResult): boolean | undefined {
  switch (item.output_type) {
    case 'multiple_choice':
      return (TASKS[task].primary_metric === 'acc_norm' ? item.acc_norm : item.acc) === 1;
    case 'classify':
      return item.acc === 1;
    case 'generate_until':
      return item.em >= 0.5;
    case 'loglikelihood_rolling':
      return undefined;
  }
}

function cellOf(first: boolean | undefined, second: boolean | undefined): Cell | undefined {
  if (first === undefined || second === undefined) return undefined;
  if (first) return second ? 'both' : 'first';
  return second ? 'second' : 'neither';
}

/** A number that grows the better an item was answered, in the unit of its kind. */
function strength(item: ItemResult): number {
  switch (item.output_type) {
    case 'multiple_choice':
      return lead(item.lls, item.gold);
    case 'classify':
      return lead(item.logits, item.gold);
    case 'generate_until':
      return item.f1;
    case 'loglikelihood_rolling':
      return item.loglikelihood / Math.max(1, item.tokens);
  }
}

/** By how much the right choice leads the best wrong one. */
const lead = (values: readonly number[], gold: number): number =>
  values[gold]! - Math.max(...values.filter((_, i) => i !== gold));
