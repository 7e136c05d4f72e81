import { LabError } from '../errors.ts';
import type { AnswerCounts } from '../study/complete.ts';
import type { Shard } from '../study/shard.ts';
import type { PlannedItem } from './plan.ts';

/** What must be answered in one shard: an item by one configuration, or by all of them. */
interface Piece {
  item: PlannedItem;
  configs: readonly number[];
}

/**
 * The items that each configuration is asked: all of the plan, or a shard's own. A run is one long row of pieces, cut
 * into stretches of about equal cost; who knows spec and number of shards knows every shard. A text goes to one shard
 * with all configurations, for its distributions are compared with the baseline's. Everything else is in a row by
 * configuration, so that most shards load one model.
 * @throws bad-arguments when there are fewer pieces than shards.
 */
export function plansOf(
  items: readonly PlannedItem[],
  configs: number,
  shard?: Shard,
): readonly (readonly PlannedItem[])[] {
  const all = Array.from({ length: configs }, (_, config) => config);
  if (!shard) return all.map(() => items);
  const pieces = piecesOf(items, all, shard.mixed ?? false);
  const { begin, end } = stretch(pieces, shard);
  const plans = all.map((): PlannedItem[] => []);
  for (const { item, configs: own } of pieces.slice(begin, end)) {
    for (const config of own) plans[config]!.push(item);
  }
  return plans;
}

/** The items of each configuration, counted by task. */
export const countPlans = (plans: readonly (readonly PlannedItem[])[]): AnswerCounts =>
  plans.map((items) => {
    const counts: AnswerCounts[number] = {};
    for (const { task } of items) counts[task] = (counts[task] ?? 0) + 1;
    return counts;
  });

function piecesOf(items: readonly PlannedItem[], all: readonly number[], mixed: boolean): Piece[] {
  const undivided = ({ doc }: PlannedItem) => mixed || doc.output_type === 'loglikelihood_rolling';
  const together = items.filter(undivided).map((item) => ({ item, configs: all }));
  const apart = items.filter((item) => !undivided(item));
  return [...together, ...all.flatMap((config) => apart.map((item) => ({ item, configs: [config] })))];
}

/** Where a shard begins and ends: each takes one piece at least, and then as many as bring it to its share of the cost. */
function stretch(pieces: readonly Piece[], { index, of }: Shard): { begin: number; end: number } {
  if (of > pieces.length) {
    throw new LabError(
      'bad-arguments',
      `The run is to be cut into ${of} shards, and has ${pieces.length} pieces; allowed: as many shards as pieces.`,
    );
  }
  const costs = pieces.map(({ item, configs }) => Math.max(1, item.cost) * configs.length);
  const whole = costs.reduce((a, b) => a + b, 0);
  let end = 0;
  let cost = 0;
  for (let shard = 0; ; shard++) {
    const begin = end;
    const last = pieces.length - (of - shard - 1);
    do cost += costs[end++]!;
    while (end < last && cost + costs[end]! / 2 <= (whole * (shard + 1)) / of);
    if (shard === of - 1) return { begin, end: pieces.length };
    if (shard === index) return { begin, end };
  }
}
