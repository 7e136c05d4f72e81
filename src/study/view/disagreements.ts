import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { ItemResult } from '../../eval/item.ts';
import type { ConfigRun } from '../result.ts';

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

type Answers = Pick<ConfigRun, 'tasks'>;

/** Every question of a task that both have answered, the largest change first. */
export function pairItems(task: TaskName, first: Answers, second: Answers): ItemPair[] {
  const itemsOf = (run: Answers) => run.tasks.find((entry) => entry.task === task)?.items ?? [];
  const others = new Map(itemsOf(second).map((item) => [item.doc_id, item]));
  return itemsOf(first)
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
