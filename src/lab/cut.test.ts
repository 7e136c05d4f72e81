import { describe, expect, it } from 'vitest';
import { countPlans, plansOf } from './cut.ts';
import type { PlannedItem } from './plan.ts';

const plan: PlannedItem[] = [
  ...Array.from({ length: 40 }, (_, doc_id) => itemOf('mini_arc', doc_id, 50 + ((37 * doc_id) % 60))),
  ...Array.from({ length: 7 }, (_, doc_id) => itemOf('mini_text', doc_id, 400 + 90 * doc_id)),
];

function itemOf(task: 'mini_arc' | 'mini_text', doc_id: number, cost: number): PlannedItem {
  const output_type = task === 'mini_text' ? 'loglikelihood_rolling' : 'multiple_choice';
  return { task, doc_id, cost, doc: { output_type } as PlannedItem['doc'] };
}

const CONFIGS = 3;

/** Every answer that the shards of a cut ask for, as "config task doc_id", shard by shard. */
const answersOf = (of: number, mixed = false) =>
  Array.from({ length: of }, (_, index) =>
    plansOf(plan, CONFIGS, { index, of, ...(mixed && { mixed }) }).flatMap((items, config) =>
      items.map(({ task, doc_id }) => `${config} ${task} ${doc_id}`),
    ),
  );

const whole = plansOf(plan, CONFIGS)
  .flatMap((items, config) => items.map(({ task, doc_id }) => `${config} ${task} ${doc_id}`))
  .sort();

describe('the shards of a run', () => {
  it('are together the whole plan, nothing twice, and none is empty', () => {
    for (const mixed of [false, true]) {
      for (let of = 1; of <= plan.length; of++) {
        const shards = answersOf(of, mixed);
        expect(shards.flat().sort(), `${of} shards`).toEqual(whole);
        expect(Math.min(...shards.map((own) => own.length))).toBeGreaterThan(0);
      }
    }
  });

  it('cost about the same', () => {
    const costs = Array.from({ length: 5 }, (_, index) =>
      plansOf(plan, CONFIGS, { index, of: 5 })
        .flat()
        .reduce((sum, { cost }) => sum + cost, 0),
    );
    expect(Math.max(...costs) / Math.min(...costs)).toBeLessThan(1.5);
  });

  it('keep a text with its baseline, and every item where adapters may differ', () => {
    const together = (answer: string, mixed: boolean) => mixed || answer.includes('mini_text');
    for (const mixed of [false, true]) {
      for (const own of answersOf(6, mixed)) {
        const items = own.filter((answer) => together(answer, mixed)).map((answer) => answer.slice(2));
        for (const item of items) expect(items.filter((other) => other === item)).toHaveLength(CONFIGS);
      }
    }
  });

  it('load few models where nothing keeps items together', () => {
    const loads = Array.from({ length: 6 }, (_, index) =>
      plansOf(plan.slice(0, 40), CONFIGS, { index, of: 6 }).filter((items) => items.length > 0),
    );
    for (const own of loads) expect(own.length).toBeLessThanOrEqual(2);
  });

  it('are not more than there are pieces', () => {
    const pieces = 40 * CONFIGS + 7;
    expect(answersOf(pieces).flat()).toHaveLength(whole.length);
    expect(() => plansOf(plan, CONFIGS, { index: 0, of: pieces + 1 })).toThrow(
      `cut into ${pieces + 1} shards, and has ${pieces} pieces`,
    );
  });

  it('count what is theirs', () => {
    const counts = countPlans(plansOf(plan, 2, { index: 0, of: 1 }));
    expect(counts).toEqual([
      { mini_arc: 40, mini_text: 7 },
      { mini_arc: 40, mini_text: 7 },
    ]);
  });
});
