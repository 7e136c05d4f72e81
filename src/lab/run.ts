import { LabError, toFailure, type ErrorCode, type Failure } from '../errors.ts';
import { quickCheck, type Need } from '../gpu/check.ts';
import type { KernelsUsed } from '../gpu/kernel_version.ts';
import { kernelsUsed, takeKernels } from '../gpu/kernels_used.ts';
import type { Gpu } from '../gpu/device/device.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { isAdapterFile } from '../model/model_files.ts';
import { needsOf } from '../model/needs.ts';
import { shareOnDevice, type Sharing } from '../model/shared_weights.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import { openModel, type ModelFiles } from '../model/open_model.ts';
import { computedHere, isPeer } from '../quant/config.ts';
import { isMadeByText } from '../quant/layers.ts';
import { assembleResult, timedConfigs } from '../study/assemble.ts';
import { countAnswers, gapsOf } from '../study/complete.ts';
import { requireCalibrations } from './calibration.ts';
import { chatWithin, tokenizerWithin, type Within } from './deadline.ts';
import { estimate } from './eta.ts';
import type { ByteProgress } from './files.ts';
import { openGate, type Gate } from './gate.ts';
import type { Host, OpenedFiles } from './host.ts';
import { identify, identifyFiles, pinned, requireSame, requireSameItems } from './identity.ts';
import { measureConfig } from './measure_config.ts';
import { requirePeers } from './peers/require_peers.ts';
import { beginRun, takeRun, type OwnedRun } from './owned_run.ts';
import { survivingLoss, type Survivor } from './survive_loss.ts';
import { countPlans, plansOf } from './cut.ts';
import { planItems, type PlannedItem } from './plan.ts';
import type { RunEvent, RunRequest } from './protocol.ts';
import { continued } from '../study/adapters.ts';
import { endState } from '../study/end_state.ts';
import type { Environment, ExperimentResult, KernelCheck } from '../study/result.ts';
import type { Store } from './store.ts';

/**
 * Runs an experiment: opens the model, checks the kernels it needs, and for each configuration streams the weights to
 * the device and asks every item. Each step is an event; each item is stored before its event is sent. Never rejects:
 * what goes wrong is the last event, with everything measured before it; where the spec says so, a configuration that
 * fails is left behind and the next one begins. A shut gate holds it between two items. The run is this one's own from
 * its first row on: what another one owns is refused, and what was deleted meanwhile is not written again.
 */
export async function run(
  request: RunRequest,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
  gate: Gate = openGate(),
): Promise<void> {
  const id = request.resume ?? crypto.randomUUID();
  try {
    await host.own(id, () => runOwned(id, request, host, emit, signal, gate));
  } catch (error) {
    emit({ type: 'failed', failure: toFailure(error) });
  }
}

async function runOwned(
  id: string,
  { spec, shard, resume }: RunRequest,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
  gate: Gate,
): Promise<void> {
  const { store } = host;
  let owned: OwnedRun | undefined;
  const emitAndKeep = (event: RunEvent): void => {
    emit(event);
    // Other tabs read it; a write that fails shows with the next item.
    if (event.type === 'paused') owned?.change(() => ({ state: 'paused' })).catch(() => undefined);
    if (event.type === 'continued') owned?.change(() => ({ state: 'running' })).catch(() => undefined);
  };
  try {
    owned = resume === undefined ? await beginRun(store, id, spec, shard) : await takeRun(store, id);
    const { spec: begun, shard: share } = owned.record;
    emit({ type: 'started', run_id: id, spec: begun, ...(share && { shard: share }) });
    await measure(owned, host, emitAndKeep, signal, gate);
    const items = await store.items(id);
    const gaps = gapsOf(owned.record, countAnswers(owned.record, items));
    await owned.change(({ configs }) => ({
      state: gaps.length === 0 ? 'done' : 'incomplete',
      configs: timedConfigs(configs, items),
    }));
    emit({ type: 'finished', result: assembleResult(owned.record, items)! });
  } catch (error) {
    const failure = toFailure(signal.aborted ? new LabError('cancelled', 'The run was stopped.') : error);
    const ended = owned && (await endRun(owned, failure, store));
    const [config] = Object.keys(owned?.record.failures ?? {}).map(Number);
    emit({
      type: 'failed',
      failure,
      ...(config !== undefined && { config }),
      ...(ended && { result: ended }),
    });
  }
}

/** Marks a run as ended early; if even that cannot be stored, what was measured is still handed out. */
async function endRun(
  owned: OwnedRun,
  failure: Failure,
  store: Store,
): Promise<ExperimentResult | undefined> {
  const end = { state: endState(failure.code), failure };
  const items = await store.items(owned.record.id).catch(() => []);
  await owned
    .change(({ configs }) => ({ ...end, configs: timedConfigs(configs, items) }))
    .catch(() => undefined);
  return assembleResult({ ...owned.record, ...end }, items);
}

async function measure(
  owned: OwnedRun,
  host: Host,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
  gate: Gate,
): Promise<void> {
  const { id, spec, shard: share, environment: before, created } = owned.record;
  // A run that has no GPU at all is refused before it downloads a model.
  const first = await host.gpu();
  // While files come; whatever goes wrong with it shows where it is waited for.
  host.tune?.(first).catch(() => undefined);
  const survivor = { host, emit, signal, answers: () => host.store.count(id) };
  const bytes =
    (phase: 'download' | 'hash'): ByteProgress =>
    (done, total, what) =>
      emit({ type: 'progress', phase, done, total, what });
  const { model: ref, adapter: onTop } = pinned(spec.model, before?.model);
  let opening: Promise<OpenedFiles> | undefined;
  const openFiles = () => (opening ??= host.openFiles(ref, bytes('download'), signal));
  // The day the run began: a template that puts in the date writes the same prompts when the run goes on.
  const within: Within = host.within ?? ((_, work) => work());
  const openChat = async () =>
    chatWithin(within, await openChatTemplate((await openFiles()).files, new Date(created)));
  const { items: plan, ...asked } = await planItems(
    spec,
    host.data,
    signal,
    before?.data,
    openChat,
    host.hub,
  );
  const tasks = spec.tasks.map(({ task }) => ({ task, n: plan.filter((item) => item.task === task).length }));
  const plans = plansOf(plan, spec.configs.length, share);
  const shard = share && { ...share, planned: countPlans(plans) };
  emit({ type: 'planned', tasks, ...(shard && { shard }) });

  const opened = await openFiles();
  const adapted = onTop && (await host.openAdapter(onTop, bytes('download'), signal));
  const read = await openModel(opened.files, adapted?.files);
  const model = { ...read, tokenizer: tokenizerWithin(within, read.tokenizer) };
  requireCalibrations(spec, model);
  requirePeers(spec.configs, model, host);
  const computing = spec.configs.filter((_, index) => plans[index]!.length > 0).map(computedHere);
  // What decodes takes as long to compile as what scores, and most tasks only score.
  const phases: Phase[] = plan.some(({ doc }) => doc.output_type === 'generate_until')
    ? ['prefill', 'decode']
    : ['prefill'];
  const needs = (gpu: Gpu) => needsOf(gpu, model, computing, phases);
  const checked = checker(needs, before?.kernels, host, emit);
  const machine = await survivingLoss(survivor, checked);
  const hashing = { onProgress: bytes('hash'), signal, hash: host.hash };
  const identity = await identify(ref, opened, model, hashing);
  if (adapted) identity.adapter = await identifyFiles(adapted, isAdapterFile, hashing);
  if (before) {
    requireSame(before.model, identity);
    requireSameItems(before.items_sha256, asked.items_sha256);
  }
  const environment = continued(
    before,
    {
      app: host.app,
      runtime: host.runtime,
      ...machine,
      model: identity,
      ...asked,
      started: created,
    },
    await survivor.answers(),
  );
  emit({ type: 'environment', environment });
  const planned = Object.fromEntries(tasks.map(({ task, n }) => [task, n]));
  await owned.change(() => ({ environment, planned, ...(shard && { shard }), failures: {} }));

  const sharing = shareOnDevice();
  try {
    await measureAll({ ...survivor, owned, model, plans, host, checked, gate, sharing });
  } finally {
    sharing.close();
  }
}

interface Measurement extends Survivor {
  owned: OwnedRun;
  model: ModelFiles;
  /** By configuration. */
  plans: readonly (readonly PlannedItem[])[];
  host: Host;
  checked: Checker;
  gate: Gate;
  sharing: Sharing;
}

async function measureAll(measurement: Measurement): Promise<void> {
  const { owned, plans, host, checked, sharing, emit, signal } = measurement;
  const { id, spec } = owned.record;
  const { configs, on_error } = spec;
  const eta = estimate();
  const scratch = configs.length > 1 || configs.some(isMadeByText) ? await host.scratch(id) : undefined;
  for (const [index, config] of configs.entries()) {
    const plan = plans[index]!;
    if (plan.length === 0) continue;
    const later = plans.slice(index + 1);
    try {
      await survivingLoss(measurement, async (gpu) => {
        const now = { ...owned.record.environment!, ...(await checked(gpu)) };
        const environment = continued(owned.record.environment, now, await measurement.answers());
        await owned.change(() => ({ environment }));
        await measureConfig({
          ...measurement,
          index,
          config,
          plan,
          later,
          eta,
          gpu,
          shared: sharing.on(gpu),
          scratch,
          store: host.store,
        });
      });
    } catch (error) {
      if (signal.aborted) throw error;
      const failure = toFailure(error);
      await owned.change(({ failures }) => ({ failures: { ...failures, [index]: failure } }));
      // Another engine's failure says nothing of the configurations after it.
      const goesOn = on_error === 'continue' || (isPeer(config) && on_error === undefined);
      if (!goesOn || !concernsOneConfig(failure)) throw error;
      emit({ type: 'config-failed', config: index, failure });
    }
  }
  await scratch?.clear();
}

/** Failures that say nothing about one configuration: they would stop the next one, too. */
const STOPPING: ReadonlySet<ErrorCode> = new Set([
  ...(['storage', 'storage-full', 'storage-blocked', 'storage-newer'] as const),
  ...(['run-elsewhere', 'run-gone', 'network', 'gpu-gone', 'internal'] as const),
]);

const concernsOneConfig = ({ code }: Failure): boolean => !STOPPING.has(code);

type Checker = (gpu: Gpu) => Promise<Pick<Environment, 'adapter' | 'kernel_check' | 'kernels'>>;

/** Checks the kernels that a run needs on a device, each device once; a run that goes on takes the recorded ones. */
function checker(
  needs: (gpu: Gpu) => readonly Need[],
  recorded: KernelsUsed | undefined,
  { tune }: Pick<Host, 'tune'>,
  emit: (event: RunEvent) => void,
): Checker {
  const done = new Map<Gpu, KernelCheck>();
  let taken = recorded;
  return async (gpu) => {
    await tune?.(gpu);
    takeKernels(gpu, taken);
    const kernel_check = done.get(gpu) ?? (await checkKernels(gpu, needs(gpu), emit));
    done.set(gpu, kernel_check);
    taken ??= kernelsUsed(gpu);
    return { adapter: gpu.adapter, kernel_check, kernels: kernelsUsed(gpu) };
  };
}

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
