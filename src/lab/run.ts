import { LabError, toFailure, type Failure } from '../errors.ts';
import { quickCheck, type Need } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { isAdapterFile } from '../model/model_files.ts';
import { needsOf } from '../model/needs.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import { openModel, type ModelFiles } from '../model/open_model.ts';
import { assembleResult } from '../study/assemble.ts';
import { estimate } from './eta.ts';
import type { ByteProgress } from './files.ts';
import { openGate, type Gate } from './gate.ts';
import type { Host, OpenedFiles } from './host.ts';
import { identify, identifyFiles, pinned, requireSame, requireSameItems } from './identity.ts';
import { measureConfig } from './measure_config.ts';
import { planItems, type PlannedItem } from './plan.ts';
import type { RunEvent, RunRequest } from './protocol.ts';
import type { ExperimentResult, KernelCheck } from '../study/result.ts';
import type { Store } from './store.ts';
import type { RunRecord } from '../study/record.ts';

/**
 * Runs an experiment: opens the model, checks the kernels it needs, and for each configuration streams the weights to
 * the device and asks every item. Each step is an event; each item is stored before its event is sent. Never rejects:
 * what goes wrong is the last event, with everything measured before it; where the spec says so, a configuration that
 * fails is left behind and the next one begins. A shut gate holds it between two items.
 */
export async function run(
  request: RunRequest,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
  gate: Gate = openGate(),
): Promise<void> {
  let record: RunRecord | undefined;
  try {
    record = await openRecord(request, host.store);
    emit({ type: 'started', run_id: record.id, spec: record.spec });
    await measure(record, await host.gpu(), host, emit, signal, gate);
    record.state = 'done';
    await host.store.put(record);
    emit({ type: 'finished', result: (await resultOf(record, host.store))! });
  } catch (error) {
    const failure = toFailure(signal.aborted ? new LabError('cancelled', 'The run was stopped.') : error);
    const ended = record && (await endRecord(record, failure, host.store));
    const [config] = Object.keys(record?.failures ?? {}).map(Number);
    emit({
      type: 'failed',
      failure,
      ...(config !== undefined && { config }),
      ...(ended && { result: ended }),
    });
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
  gate: Gate,
): Promise<void> {
  const { spec } = record;
  const bytes =
    (phase: 'download' | 'hash'): ByteProgress =>
    (done, total, what) =>
      emit({ type: 'progress', phase, done, total, what });
  const { model: ref, adapter: onTop } = pinned(spec.model, record.environment?.model);
  let opening: Promise<OpenedFiles> | undefined;
  const openFiles = () => (opening ??= host.openFiles(ref, bytes('download'), signal));
  // The day the run began: a template that puts in the date writes the same prompts when the run goes on.
  const openChat = async () => openChatTemplate((await openFiles()).files, new Date(record.created));
  const { data } = record.environment ?? {};
  const { items: plan, ...asked } = await planItems(spec, host.data, signal, data, openChat, host.hub);
  const tasks = spec.tasks.map(({ task }) => ({ task, n: plan.filter((item) => item.task === task).length }));
  emit({ type: 'planned', tasks });

  const opened = await openFiles();
  const adapted = onTop && (await host.openAdapter(onTop, bytes('download'), signal));
  const model = await openModel(opened.files, adapted?.files);
  const kernel_check = await checkKernels(gpu, needsOf(gpu, model, spec.configs), emit);
  const identity = await identify(ref, opened, model, bytes('hash'), signal);
  if (adapted) identity.adapter = await identifyFiles(adapted, isAdapterFile, bytes('hash'), signal);
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

  await measureAll({ record, model, plan, host, emit, signal, gate });
}

interface Measurement {
  record: RunRecord;
  model: ModelFiles;
  plan: readonly PlannedItem[];
  host: Host;
  emit: (event: RunEvent) => void;
  signal: AbortSignal;
  gate: Gate;
}

async function measureAll(measurement: Measurement): Promise<void> {
  const { record, host, emit, signal } = measurement;
  const { configs, on_error } = record.spec;
  const eta = estimate();
  const scratch = configs.length > 1 ? await host.scratch(record.id) : undefined;
  record.failures = {};
  for (const [index, config] of configs.entries()) {
    const later = configs.length - index - 1;
    try {
      // A device that was lost is another one now.
      const gpu = await host.gpu();
      await measureConfig({ ...measurement, index, config, later, eta, gpu, scratch, store: host.store });
    } catch (error) {
      if (signal.aborted) throw error;
      const failure = toFailure(error);
      record.failures[index] = failure;
      if (on_error !== 'continue' || !concernsOneConfig(failure)) throw error;
      emit({ type: 'config-failed', config: index, failure });
      await host.store.put(record);
    }
  }
  await scratch?.clear();
}

/** True if a failure says nothing about the next configuration: a full store or a lost network would stop that too. */
const concernsOneConfig = ({ code }: Failure): boolean => !['storage', 'network', 'internal'].includes(code);

/** @throws kernel-mismatch when a kernel computes something else than the CPU: then no number would mean anything. */
async function checkKernels(
  gpu: Gpu,
  needs: readonly Need[],
  emit: (event: RunEvent) => void,
): Promise<KernelCheck> {
  let checked = 0;
  let worst: KernelCheck['worst'] | undefined;
  await quickCheck(gpu, needs, (row, total) => {
    checked++;
    emit({ type: 'progress', phase: 'check', done: checked, total, what: row.kernel });
    if (!row.pass) {
      throw new LabError(
        'kernel-mismatch',
        `The kernel ${row.kernel} is off by ${row.max_error} on this adapter (${row.case}); allowed: ${row.bound}.`,
      );
    }
    if (!worst || row.worst_ratio > worst.worst_ratio) worst = row;
  });
  const { kernel, case: name, max_error, bound, worst_ratio } = worst!;
  return { checked, worst: { kernel, case: name, max_error, bound, worst_ratio } };
}
