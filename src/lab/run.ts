import { LabError, toFailure } from '../errors.ts';
import { describe } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import { aggregate } from '../eval/metric.ts';
import { score } from '../eval/score.ts';
import { TASKS, type TaskName } from '../eval/tasks.ts';
import { quickCheck } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device.ts';
import { causalLanguageModel } from '../model/causal_lm.ts';
import { sequenceClassifier } from '../model/classifier.ts';
import { countParameters, footprintOf, type Footprint } from '../model/footprint.ts';
import { closeModel, makeModel, type Model } from '../model/forward.ts';
import { readOutliers } from '../model/outliers.ts';
import { openModel, type ModelFiles } from '../model/open_model.ts';
import { effectiveConfig } from '../model/stored_quant.ts';
import { loadWeights, type Weights } from '../model/weights.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { FileSet } from '../tensor/source.ts';
import { assembleResult } from './assemble.ts';
import type { DataPlace } from './datasets.ts';
import { estimate, type Eta } from './eta.ts';
import { hashFile, type ByteProgress } from './files.ts';
import { planItems, type PlannedItem } from './plan.ts';
import type { RunEvent, RunRequest } from './protocol.ts';
import type { Environment, ExperimentResult, KernelCheck, ModelIdentity } from './result.ts';
import type { AdapterRef, ModelRef } from './spec.ts';
import type { RunRecord, Store } from './store.ts';

/** What a run needs from where it runs: a browser's worker or a terminal. */
export interface Host {
  /** The device; the same one again until it is lost, since compiling its kernels takes seconds. */
  gpu(): Promise<Gpu>;
  runtime: string;
  app: Environment['app'];
  /** Where task files may lie, in the order they are looked for; the Hub comes last by itself. */
  data: readonly DataPlace[];
  store: Store;
  openFiles(model: ModelRef, onProgress: ByteProgress, signal: AbortSignal): Promise<OpenedFiles>;
  openAdapter(adapter: AdapterRef, onProgress: ByteProgress, signal: AbortSignal): Promise<OpenedFiles>;
}

export interface OpenedFiles {
  files: FileSet;
  /** The commit of a Hub model; files of others are identified by their hashes. */
  revision?: string | undefined;
}

/**
 * Runs an experiment: checks the kernels, opens the model, and for each configuration streams the weights to the
 * device and asks every item. Each step is an event; each item is stored before its event is sent. Never rejects:
 * what goes wrong is the last event, with everything measured before it.
 */
export async function run(
  request: RunRequest,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let record: RunRecord | undefined;
  try {
    record = await openRecord(request, host.store);
    emit({ type: 'started', run_id: record.id, spec: record.spec });
    await measure(record, await host.gpu(), host, emit, signal);
    record.state = 'done';
    await host.store.put(record);
    emit({ type: 'finished', result: (await resultOf(record, host.store))! });
  } catch (error) {
    const failure = toFailure(signal.aborted ? new LabError('cancelled', 'The run was stopped.') : error);
    const ended = record && (await endRecord(record, failure, host.store));
    emit({ type: 'failed', failure, ...(ended ? { result: ended } : {}) });
  }
}

async function openRecord({ spec, resume }: RunRequest, store: Store): Promise<RunRecord> {
  if (resume !== undefined) {
    const record = await store.get(resume);
    if (!record) throw new LabError('storage', `The run ${resume} is not stored in this browser.`);
    return { ...record, state: 'running', failure: undefined };
  }
  const record: RunRecord = {
    id: crypto.randomUUID(),
    spec,
    state: 'running',
    created: new Date().toISOString(),
    configs: {},
  };
  await store.put(record);
  return record;
}

/** Marks a run as ended early; if even that cannot be stored, what is in memory is still handed out. */
async function endRecord(
  record: RunRecord,
  failure: RunRecord['failure'],
  store: Store,
): Promise<ExperimentResult | undefined> {
  record.state = failure?.code === 'cancelled' ? 'cancelled' : 'failed';
  record.failure = failure;
  await store.put(record).catch(() => undefined);
  return resultOf(record, store).catch(() => undefined);
}

const resultOf = async (record: RunRecord, store: Store): Promise<ExperimentResult | undefined> =>
  assembleResult(record, await store.items(record.id));

async function measure(
  record: RunRecord,
  gpu: Gpu,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = record;
  const bytes =
    (phase: 'download' | 'hash'): ByteProgress =>
    (done, total, what) =>
      emit({ type: 'progress', phase, done, total, what });
  const kernel_check = await checkKernels(gpu, emit);
  const { items: plan, ...asked } = await planItems(spec, host.data, signal, record.environment?.data);
  const tasks = spec.tasks.map(({ task }) => ({ task, n: plan.filter((item) => item.task === task).length }));
  emit({ type: 'planned', tasks });

  const opened = await host.openFiles(spec.model, bytes('download'), signal);
  const adapted =
    spec.model.adapter && (await host.openAdapter(spec.model.adapter, bytes('download'), signal));
  const model = await openModel(opened.files, adapted?.files);
  const identity = await identify(spec.model, opened, model, bytes('hash'), signal);
  if (adapted) identity.adapter = await identifyFiles(adapted, ADAPTER_FILES, bytes('hash'), signal);
  if (record.environment) {
    requireSame(record.environment.model, identity);
    requireSameItems(record.environment.items_sha256, asked.items_sha256);
  }
  record.environment = {
    app: host.app,
    runtime: host.runtime,
    adapter: gpu.adapter,
    kernel_check,
    model: identity,
    ...asked,
    started: record.created,
  };
  emit({ type: 'environment', environment: record.environment });
  await host.store.put(record);

  const eta = estimate();
  for (const [index, config] of spec.configs.entries()) {
    const later = spec.configs.length - index - 1;
    await measureConfig({
      record,
      index,
      config,
      model,
      plan,
      later,
      eta,
      gpu,
      store: host.store,
      emit,
      signal,
    });
  }
}

interface ConfigJob {
  record: RunRecord;
  index: number;
  config: QuantConfig;
  model: ModelFiles;
  plan: readonly PlannedItem[];
  /** Configurations still to come. */
  later: number;
  eta: Eta;
  gpu: Gpu;
  store: Store;
  emit: (event: RunEvent) => void;
  signal: AbortSignal;
}

async function measureConfig(job: ConfigJob): Promise<void> {
  const { record, index, config, model, plan, gpu, store, emit, signal } = job;
  const stored = (await store.items(record.id)).filter((row) => row.config === index);
  const answered = new Map(stored.map((row) => [`${row.task} ${row.doc_id}`, row.item]));
  const open = plan.filter(({ task, doc_id }) => !answered.has(`${task} ${doc_id}`));
  if (open.length === 0 && record.configs[index]) return;
  signal.throwIfAborted();

  const begun = performance.now();
  const computed = effectiveConfig(config, model.stored_quant);
  const weights = await loadWeights(gpu, model.checkpoint, model.config, computed, {
    onProgress: (done, total) =>
      emit({ type: 'progress', phase: 'load', config: index, done, total, what: 'weights' }),
    adapter: model.adapter,
  });
  const ready = await makeModel(gpu, model.config, weights, computed);
  try {
    const footprint = measuredFootprint(model, computed, weights);
    const load_seconds = secondsSince(begun);
    const kept = (record.configs[index] ??= {
      footprint,
      timings: { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 },
    });
    await store.put(record);
    emit({ type: 'loaded', config: index, footprint, load_seconds });
    try {
      await answer(
        job,
        ready,
        open,
        stored.map(({ task, item }) => ({ task, item })),
      );
      if (computed.quant_type === 'llm_int8') kept.outliers = await readOutliers(ready);
    } finally {
      await store.put(record);
    }
    emit({ type: 'config-done', config: index, timings: kept.timings });
  } finally {
    closeModel(ready);
    weights.arena.close();
  }
}

async function answer(
  { record, index, model, plan, later, eta, store, emit, signal }: ConfigJob,
  ready: Model,
  open: readonly PlannedItem[],
  before: readonly { task: TaskName; item: ItemResult }[],
): Promise<void> {
  const asked = model.config.num_labels === undefined ? causalLanguageModel : sequenceClassifier;
  const lm = asked(ready, model.tokenizer);
  const { timings } = record.configs[index]!;
  const items = new Map<TaskName, ItemResult[]>();
  for (const { task, item } of before) items.set(task, [...(items.get(task) ?? []), item]);
  const wholeCost = sum(plan.map(({ cost }) => cost));
  let costLeft = sum(open.map(({ cost }) => cost));

  for (const { task, doc_id, doc, cost } of open) {
    signal.throwIfAborted();
    const begun = performance.now();
    const tokensBefore = ready.tokens;
    const item = await score(doc, doc_id, lm);
    const seconds = secondsSince(begun);
    await store.commit({ run_id: record.id, config: index, task, doc_id, item });

    timings.answer_seconds += seconds;
    timings.tokens += ready.tokens - tokensBefore;
    timings.tokens_per_second = timings.tokens / timings.answer_seconds;
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
      done: done.length,
      total: plan.filter((planned) => planned.task === task).length,
      metrics: aggregate(TASKS[task].metrics, done),
      tokens_per_second: timings.tokens_per_second,
      ...(left ? { eta_seconds: left } : {}),
    });
  }
}

/** @throws kernel-mismatch when a kernel computes something else than the CPU: then no number would mean anything. */
async function checkKernels(gpu: Gpu, emit: (event: RunEvent) => void): Promise<KernelCheck> {
  let checked = 0;
  let worst: KernelCheck['worst'] | undefined;
  await quickCheck(gpu, (row, total) => {
    checked++;
    emit({ type: 'progress', phase: 'check', done: checked, total, what: row.kernel });
    if (!row.pass) {
      throw new LabError(
        'kernel-mismatch',
        `The kernel ${row.kernel} is off by ${row.max_error} on this adapter; allowed: ${row.bound}.`,
      );
    }
    if (!worst || row.worst_ratio > worst.worst_ratio) worst = row;
  });
  const { kernel, case: name, max_error, bound, worst_ratio } = worst!;
  return { checked, worst: { kernel, case: name, max_error, bound, worst_ratio } };
}

async function identify(
  ref: ModelRef,
  opened: OpenedFiles,
  { config }: ModelFiles,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<ModelIdentity> {
  const { linear, other } = countParameters(config);
  const identity: ModelIdentity = {
    name: ref.source === 'hub' ? ref.repo : ref.name,
    architecture: config.architecture,
    parameters: linear + other,
    ...(await identifyFiles(opened, MODEL_FILES, onProgress, signal)),
  };
  return identity;
}

const MODEL_FILES = /^(config|tokenizer|tokenizer_config)\.json$|\.safetensors$/;
const ADAPTER_FILES = /^adapter_(config\.json|model\.safetensors)$/;

/** Sizes and hashes of the files that matter; those of a Hub repository are named by its commit. */
async function identifyFiles(
  { files, revision }: OpenedFiles,
  matter: RegExp,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<Pick<ModelIdentity, 'revision' | 'files'>> {
  const found: ModelIdentity['files'] = {};
  for (const name of files.names.filter((candidate) => matter.test(candidate))) {
    const source = await files.open(name);
    const sha256 = revision ? undefined : await hashFile(source, onProgress, signal);
    found[name] = { bytes: source.byteLength, sha256 };
  }
  return { revision, files: found };
}

/** @throws other-model when a resumed run is given other files than it was begun with: its items would not compare. */
function requireSame(before: ModelIdentity, now: ModelIdentity): void {
  const changed = Object.keys(before.files).find(
    (name) => before.files[name]!.sha256 !== now.files[name]?.sha256,
  );
  if (changed === undefined && before.revision === now.revision) return;
  throw new LabError(
    'other-model',
    `The run was begun with another ${changed ?? `revision, ${before.revision}`}; its answers so far are of that one.`,
  );
}

/** @throws other-model when the task files of a resumed run were changed since: its items would not compare either. */
function requireSameItems(before: string | undefined, now: string): void {
  if (before === undefined || before === now) return;
  throw new LabError(
    'other-model',
    'The run was begun with other task files: what they ask is not what its answers so far were given to.',
  );
}

/** The footprint as config.json gives it, with what lies on this device in place of what should. */
function measuredFootprint({ config }: ModelFiles, quant: QuantConfig, weights: Weights): Footprint {
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
