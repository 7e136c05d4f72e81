import { describe } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { scoreAll } from '../eval/score.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { footprintOf, type Footprint } from '../model/footprint.ts';
import { extentOf } from '../model/item_length.ts';
import { headDtype, type Model } from '../model/forward.ts';
import { readOutliers } from '../model/outliers.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { languageModel, withModel } from '../model/session.ts';
import type { SharedWeights } from '../model/shared_weights.ts';
import { effectiveConfig } from '../model/stored_quant.ts';
import type { QuantConfig } from '../quant/config.ts';
import { calibrating, type CalibrationStep } from './calibration.ts';
import type { Host } from './host.ts';
import { findStates, keepStates, type Followed } from './baseline_states.ts';
import type { Eta } from './eta.ts';
import { foresee, longestItems } from './foresee.ts';
import { passGate, type Gate } from './gate.ts';
import type { PlannedItem } from './plan.ts';
import type { RunEvent } from './protocol.ts';
import type { Scratch } from './scratch.ts';
import type { Store } from './store.ts';
import type { OwnedRun } from './owned_run.ts';
import type { Spent } from '../study/record.ts';

/** One configuration of a run, and what it needs. */
export interface ConfigJob {
  owned: OwnedRun;
  index: number;
  config: QuantConfig;
  model: ModelFiles;
  plan: readonly PlannedItem[];
  host: Host;
  /** What the configurations still to come are asked. */
  later: readonly (readonly PlannedItem[])[];
  eta: Eta;
  gpu: Gpu;
  /** Weights on the device that the configurations share. */
  shared: SharedWeights;
  store: Store;
  /** Where the baseline leaves its states for the others, if there are others. */
  scratch: Scratch | undefined;
  emit: (event: RunEvent) => void;
  signal: AbortSignal;
  gate: Gate;
}

/**
 * Foresees the memory that the configuration needs, loads the model under it and asks it every item that has no answer
 * yet; each is stored at once.
 * @throws over-limit before a weight is read, where the adapter does not allow a buffer.
 */
export async function measureConfig(job: ConfigJob): Promise<void> {
  const { owned, index, config, model, plan, gpu, shared, store, emit, signal, gate } = job;
  const stored = await store.items(owned.record.id, index);
  const answered = new Map(stored.map((row) => [`${row.task} ${row.doc_id}`, row.item]));
  const open = plan.filter(({ task, doc_id }) => !answered.has(`${task} ${doc_id}`));
  if (open.length === 0 && owned.record.configs[index]) return;
  await passGate(gate, emit, signal);

  const computed = effectiveConfig(config, model.stored_quant);
  const compares = index > 0 && plan.some(({ doc }) => doc.output_type === 'loglikelihood_rolling');
  const need = foresee(gpu, model, computed, extentOf(longestItems(plan, model), computed, compares));
  emit({ type: 'foreseen', config: index, need });

  const begun = performance.now();
  const onProgress = (done: number, total: number) =>
    emit({ type: 'progress', phase: 'load', config: index, done, total, what: 'weights' });
  const source = { ...job, spec: owned.record.spec };
  const { calibrator, errors } = await calibrating(source, gpu, computed, calibrationStep(job, begun));
  await withModel(gpu, { ...model, onProgress, shared, calibrator }, computed, async (ready) => {
    const footprint = measuredFootprint(ready);
    const load_seconds = secondsSince(begun);
    const timings = { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 };
    await owned.change(({ configs }) => ({
      configs: { [index]: { footprint, timings, ...(errors && { errors }) }, ...configs },
    }));
    emit({ type: 'loaded', config: index, footprint, load_seconds, ...(errors && { errors }) });
    await answer(
      job,
      ready,
      open,
      stored.map(({ task, item }) => ({ task, item })),
    );
    if (computed.quant_type === 'llm_int8') {
      const outliers = await readOutliers(ready);
      await owned.change(({ configs }) => ({
        configs: { ...configs, [index]: { ...configs[index]!, outliers } },
      }));
    }
    emit({ type: 'config-done', config: index });
  });
}

/** Tells how far the calibration is and when it will be done; holds it while the run is paused. */
function calibrationStep({ index, emit, signal, gate }: ConfigJob, begun: number): CalibrationStep {
  let first: { done: number; time: number; what: string } | undefined;
  return async (done, total, what) => {
    await passGate(gate, emit, signal);
    // Writing a text and going through layers have each their own pace.
    if (!first || first.what !== what.replace(/\d+/g, '')) {
      first = { done, time: performance.now(), what: what.replace(/\d+/g, '') };
    }
    const eta_seconds = ((total - done) * secondsSince(first.time)) / (done - first.done);
    const known = secondsSince(begun) > 1 && Number.isFinite(eta_seconds) ? { eta_seconds } : {};
    emit({ type: 'progress', phase: 'calibrate', config: index, done, total, what, ...known });
  };
}

async function answer(
  job: ConfigJob,
  ready: Model,
  open: readonly PlannedItem[],
  before: readonly { task: TaskName; item: ItemResult }[],
): Promise<void> {
  const { owned, index, model, plan, later, eta, emit, signal, gate } = job;
  const lm = languageModel(ready, model.tokenizer, model.generation);
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

  const watch = stopwatch(ready);
  for (const portion of portionsOf(open)) {
    await watch.without(() => passGate(gate, emit, signal));
    const followed = await followAll(job, portion);
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
function stopwatch(ready: Model) {
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
async function followAll(job: ConfigJob, portion: readonly PlannedItem[]): Promise<(Followed | undefined)[]> {
  const followed: (Followed | undefined)[] = [];
  for (const { task, doc_id, doc } of portion) {
    followed.push(
      doc.output_type === 'loglikelihood_rolling' ? await openTrace(job, task, doc_id) : undefined,
    );
  }
  return followed;
}

/** Follows a text: the baseline's states of it are kept, or found for another configuration to be compared with. */
async function openTrace(
  { owned, index, model, scratch }: ConfigJob,
  task: TaskName,
  doc_id: number,
): Promise<Followed | undefined> {
  if (!scratch) return undefined;
  const name = `${task}-${doc_id}`;
  if (index === 0) return keepStates(scratch, name);
  const baseline = effectiveConfig(owned.record.spec.configs[0]!, model.stored_quant);
  return findStates(scratch, name, headDtype(baseline));
}

/** The footprint as config.json gives it, with what lies on this device in place of what should. */
function measuredFootprint({ config, quant, weights }: Model): Footprint {
  const [table] = weights.embedding.parts;
  const rest = table?.storage === 'float' && table.dtype === 'F32' ? 'float32' : 'bfloat16';
  const computed = footprintOf(config, quant, rest);
  return {
    ...computed,
    actual_bytes: weights.bytes,
    bits_per_weight: (8 * weights.linear_bytes) / computed.quantized_parameters,
  };
}

const secondsSince = (begun: number): number => (performance.now() - begun) / 1000;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
