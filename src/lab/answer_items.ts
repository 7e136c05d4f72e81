import { describe } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { scoreAll } from '../eval/score.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import type { LanguageModel } from '../model/language_model.ts';
import type { Spent } from '../study/record.ts';
import type { Followed } from './baseline_states.ts';
import { passGate } from './gate.ts';
import type { ConfigJob } from './measure_config.ts';
import type { PlannedItem } from './plan.ts';
import { sum } from '../tensor/sum.ts';

/** Who answers, what went through it so far, and how a text is followed on its way. */
export interface Answering {
  lm: LanguageModel;
  meter: Meter;
  follow: (task: TaskName, doc_id: number) => Promise<Followed | undefined>;
}

/** Tokens that went through a model, and seconds that were spent on something beside them. */
interface Meter {
  readonly tokens: number;
  readonly aside_seconds: number;
}

/** Asks every open item of a configuration; each answer is stored before it is told. */
export async function answerItems(
  { owned, index, plan, later, eta, emit, signal, gate }: ConfigJob,
  { lm, meter, follow }: Answering,
  open: readonly PlannedItem[],
  before: readonly { task: TaskName; item: ItemResult }[],
): Promise<void> {
  const sitting: Spent = { seconds: 0, tokens: 0 };
  const items = new Map<TaskName, ItemResult[]>();
  for (const { task, item } of before) items.set(task, [...(items.get(task) ?? []), item]);
  const laterCost = sum(later.flat().map(({ cost }) => cost));
  let costLeft = sum(open.map(({ cost }) => cost));

  async function keep({ task, doc_id, doc, cost }: PlannedItem, item: ItemResult, spent: Spent) {
    await owned.commit({ config: index, task, doc_id, item, spent });
    sitting.seconds += spent.seconds;
    sitting.tokens += spent.tokens;
    eta.answered(cost, spent.seconds);
    costLeft -= cost;
    const done = [...(items.get(task) ?? []), item];
    items.set(task, done);
    const left = eta.left(costLeft + laterCost);
    emit({
      type: 'item',
      config: index,
      task,
      doc: describe(doc),
      item,
      spent,
      done: done.length,
      total: plan.filter((planned) => planned.task === task).length,
      metrics: aggregate(TASKS[task].metrics, done),
      tokens_per_second: sitting.tokens / sitting.seconds,
      ...(left ? { eta_seconds: left } : {}),
    });
  }

  const watch = stopwatch(meter);
  for (const portion of portionsOf(open)) {
    await watch.without(() => passGate(gate, emit, signal));
    const followed = await followAll(follow, portion);
    try {
      const asked = portion.map(({ doc, doc_id }, at) => ({ doc, doc_id, baseline: followed[at]?.trace }));
      for await (const pass of scoreAll(asked, lm)) {
        const spent = shareOut(
          watch.lap(),
          pass.map(({ tokens }) => tokens),
        );
        for (const [i, { at, item }] of pass.entries()) {
          await watch.without(() => passGate(gate, emit, signal));
          await followed[at]?.close(true);
          followed[at] = undefined;
          await keep(portion[at]!, item, spent[i]!);
        }
      }
    } finally {
      for (const left of followed) await left?.close(false);
    }
  }
}

/** Texts that are followed at a time: each has a file open. */
const MOST_FOLLOWED = 16;

/** Items in their order, in runs that are asked together: of one output type. */
function portionsOf(items: readonly PlannedItem[]): PlannedItem[][] {
  const portions: PlannedItem[][] = [];
  for (const item of items) {
    const portion = portions.at(-1);
    const { output_type } = item.doc;
    const full = output_type === 'loglikelihood_rolling' && portion?.length === MOST_FOLLOWED;
    if (portion?.[0]!.doc.output_type === output_type && !full) portion.push(item);
    else portions.push([item]);
  }
  return portions;
}

/** Seconds and tokens since the last lap, without pauses and what was spent aside. */
function stopwatch(ready: Meter) {
  let begun = performance.now();
  let [tokens, aside] = [ready.tokens, ready.aside_seconds];
  return {
    /** Does something that does not count. */
    async without(work: () => Promise<void>): Promise<void> {
      const from = performance.now();
      await work();
      begun += performance.now() - from;
    },
    lap(): Spent {
      const lap = {
        seconds: secondsSince(begun) - (ready.aside_seconds - aside),
        tokens: ready.tokens - tokens,
      };
      begun = performance.now();
      [tokens, aside] = [ready.tokens, ready.aside_seconds];
      return lap;
    },
  };
}

/** A pass's seconds, shared out by what each item took of its tokens; by itself an item took all of them. */
function shareOut(lap: Spent, tokens: readonly (number | undefined)[]): Spent[] {
  const all = sum(tokens.map((own) => own ?? lap.tokens));
  return tokens.map((own = lap.tokens) => ({ seconds: (lap.seconds * own) / (all || 1), tokens: own }));
}

/** Follows texts of a portion; other items have nothing to follow. */
async function followAll(
  follow: Answering['follow'],
  portion: readonly PlannedItem[],
): Promise<(Followed | undefined)[]> {
  const followed: (Followed | undefined)[] = [];
  for (const { task, doc_id, doc } of portion) {
    followed.push(doc.output_type === 'loglikelihood_rolling' ? await follow(task, doc_id) : undefined);
  }
  return followed;
}

/** Seconds since a reading of performance.now(). */
export const secondsSince = (begun: number): number => (performance.now() - begun) / 1000;
