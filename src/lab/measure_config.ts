import type { TaskName } from '../eval/tasks/tasks.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { footprintOf, type Footprint } from '../model/footprint.ts';
import { extentOf } from '../model/item_length.ts';
import { headDtype, type Model } from '../model/forward.ts';
import { readOutliers } from '../model/outliers.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { languageModel, withModel } from '../model/session.ts';
import type { SharedWeights } from '../model/shared_weights.ts';
import { effectiveConfig } from '../model/stored_quant.ts';
import { isPeer, type QuantConfig } from '../quant/config.ts';
import { answerItems, secondsSince } from './answer_items.ts';
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
  if (isPeer(config)) {
    const { measurePeer } = await import('./peers/measure_peer.ts');
    return measurePeer({ ...job, config }, open, stored);
  }

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
    await answerItems(
      job,
      {
        lm: languageModel(ready, model.tokenizer, model.generation),
        meter: ready,
        follow: (task, doc_id) => openTrace(job, task, doc_id),
      },
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
