import { describe } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import { aggregate } from '../eval/stats/metric.ts';
import { score } from '../eval/score.ts';
import { TASKS, type TaskName } from '../eval/tasks/tasks.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { footprintOf, type Footprint } from '../model/footprint.ts';
import { headDtype, type Model } from '../model/forward.ts';
import { readOutliers } from '../model/outliers.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { languageModel, withModel } from '../model/session.ts';
import { effectiveConfig } from '../model/stored_quant.ts';
import type { QuantConfig } from '../quant/config.ts';
import { calibrating, type CalibrationStep } from './calibration.ts';
import type { Host } from './host.ts';
import { findStates, keepStates, type Followed } from './baseline_states.ts';
import type { Eta } from './eta.ts';
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
  /** Configurations still to come. */
  later: number;
  eta: Eta;
  gpu: Gpu;
  store: Store;
  /** Where the baseline leaves its states for the others, if there are others. */
  scratch: Scratch | undefined;
  emit: (event: RunEvent) => void;
  signal: AbortSignal;
  gate: Gate;
}

/** Loads the model under the configuration and asks it every item that has no answer yet; each is stored at once. */
export async function measureConfig(job: ConfigJob): Promise<void> {
  const { owned, index, config, model, plan, gpu, store, emit, signal, gate } = job;
  const stored = (await store.items(owned.record.id)).filter((row) => row.config === index);
  const answered = new Map(stored.map((row) => [`${row.task} ${row.doc_id}`, row.item]));
  const open = plan.filter(({ task, doc_id }) => !answered.has(`${task} ${doc_id}`));
  if (open.length === 0 && owned.record.configs[index]) return;
  await passGate(gate, emit, signal);

  const begun = performance.now();
  const onProgress = (done: number, total: number) =>
    emit({ type: 'progress', phase: 'load', config: index, done, total, what: 'weights' });
  const computed = effectiveConfig(config, model.stored_quant);
  const source = { ...job, spec: owned.record.spec };
  const { calibrator, errors } = await calibrating(source, gpu, computed, calibrationStep(job, begun));
  await withModel(gpu, { ...model, onProgress, calibrator }, computed, async (ready) => {
    const footprint = measuredFootprint(ready);
    const load_seconds = secondsSince(begun);
    const timings = { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 };
    await owned.change(({ configs }) => ({
      configs: { [index]: { footprint, timings, ...(errors && { errors }) }, ...configs },
    }));
    emit({ type: 'loaded', config: index, footprint, load_seconds });
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
  const wholeCost = sum(plan.map(({ cost }) => cost));
  let costLeft = sum(open.map(({ cost }) => cost));

  for (const { task, doc_id, doc, cost } of open) {
    await passGate(gate, emit, signal);
    const begun = performance.now();
    const [tokensBefore, asideBefore] = [ready.tokens, ready.aside_seconds];
    const followed =
      doc.output_type === 'loglikelihood_rolling' ? await openTrace(job, task, doc_id) : undefined;
    let item: ItemResult;
    let answered = false;
    try {
      item = await score(doc, doc_id, lm, followed?.trace);
      answered = true;
    } finally {
      await followed?.close(answered);
    }
    const seconds = secondsSince(begun) - (ready.aside_seconds - asideBefore);
    const spent: Spent = { seconds, tokens: ready.tokens - tokensBefore };
    await owned.commit({ config: index, task, doc_id, item, spent });

    sitting.seconds += spent.seconds;
    sitting.tokens += spent.tokens;
    eta.answered(cost, seconds);
    costLeft -= cost;
    const done = [...(items.get(task) ?? []), item];
    items.set(task, done);
    const left = eta.left(costLeft + later * wholeCost);
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
    actual_bytes: weights.arena.bytes,
    bits_per_weight: (8 * weights.linear_bytes) / computed.quantized_parameters,
  };
}

const secondsSince = (begun: number): number => (performance.now() - begun) / 1000;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
