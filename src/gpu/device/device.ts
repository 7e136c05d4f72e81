import {
  ADAPTER_CHOICES,
  adapterName,
  USUAL_CHOICE,
  type AdapterChoice,
  type AdapterReport,
  type OfferedAdapter,
} from '../adapter.ts';
import { LabError } from '../../errors.ts';
import { bindGroups, type BindGroups } from './bind_groups.ts';

/** A form of the matmul, and the fewest tokens and rows of the weight that it is taken for. */
export interface TunedUse {
  phase: 'prefill' | 'decode';
  form: string;
  M: number;
  N: number;
}

/** A device and what the lab keeps beside it. Everything on the GPU hangs off this one value. */
export interface Gpu {
  device: GPUDevice;
  adapter: AdapterReport;
  /** Bytes of buffers alive that were made through `allocate`, and the most there ever were at a time. */
  allocated: { bytes: number; most: number };
  pipelines: Map<string, GPUComputePipeline>;
  bindGroups: BindGroups;
  /** Buffers that wait for something to be read back through them. */
  staging: GPUBuffer[];
  /** Why the device was lost, once it is. */
  loss: { reason?: string };
  /** Resolves when the device is lost; never rejects. */
  lost: Promise<void>;
  /** Proofs of room and of sound commands that are still out: what is read back waits for them. */
  unproven: Set<Promise<void>>;
  /** An error that no scope caught, as of a pipeline that could not be made: what is read back after it may be zeros. */
  fault: { error?: GPUError };
  /** By phase the one form of the matmul that is taken, where not all may be. */
  pinned: { prefill?: string; decode?: string };
  /** By phase the form that the reader asked for, for all that nothing pins. */
  forced: { prefill?: string; decode?: string };
  /** The forms that were the fastest here, once they were timed; the first of a phase that suits a shape is taken. */
  tuned?: readonly TunedUse[];
}

/**
 * Limits asked for at their best: the first two for bigger tensors per buffer, the others for kernels that require
 * more than the default. Everything works at their defaults.
 */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;
export type RaisedLimit = (typeof RAISED_LIMITS)[number];
const OPTIONAL_FEATURES = ['timestamp-query', 'shader-f16', 'subgroups'] as const;

/** What each choice asks for; a browser may have one adapter that answers all. */
const REQUESTS: Readonly<Record<AdapterChoice, GPURequestAdapterOptions>> = {
  'high-performance': { powerPreference: 'high-performance' },
  'low-power': { powerPreference: 'low-power' },
  software: { forceFallbackAdapter: true },
};

/**
 * Opens a device on an adapter of `navigator.gpu` (or of Dawn under Node).
 * @throws no-webgpu where the browser has none, no-adapter where no adapter is offered.
 */
export async function openGpu(entry: GPU | undefined, choice: AdapterChoice = USUAL_CHOICE): Promise<Gpu> {
  if (!entry) throw new LabError('no-webgpu', 'This browser has no WebGPU; runs need it.');
  // A GPU process that dies at this moment rejects either of the two.
  const adapter = await entry.requestAdapter(REQUESTS[choice]).catch(() => null);
  if (!adapter) {
    throw new LabError(
      'no-adapter',
      choice === 'software'
        ? 'WebGPU is there, but it offers no software adapter; allowed: low-power, high-performance.'
        : 'WebGPU is there, but it offers no adapter; runs need one.',
    );
  }
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter
    .requestDevice({ requiredLimits, requiredFeatures })
    .catch((error: unknown): never => {
      throw new LabError('no-adapter', `The GPU adapter gives no device: ${(error as Error).message}`);
    });
  const fault: Gpu['fault'] = {};
  device.addEventListener('uncapturederror', ({ error }) => (fault.error ??= error));
  const loss: Gpu['loss'] = {};
  const lost = device.lost.then(({ reason, message }) => {
    loss.reason = message || reason;
  });
  return {
    device,
    adapter: { ...report(adapter, entry), ...(choice !== USUAL_CHOICE && { asked: choice }) },
    allocated: { bytes: 0, most: 0 },
    loss,
    lost,
    fault,
    pinned: {},
    forced: {},
    ...nothingMade(device),
  };
}

/** The adapters there are, each once, the usual one first. */
export async function offeredAdapters(entry: GPU | undefined): Promise<OfferedAdapter[]> {
  const offered: OfferedAdapter[] = [];
  for (const choice of ADAPTER_CHOICES) {
    const adapter = await entry?.requestAdapter(REQUESTS[choice]).catch(() => null);
    if (!adapter) continue;
    const name = adapterName(report(adapter, entry!));
    if (!offered.some((other) => other.name === name)) offered.push({ choice, name });
  }
  return offered;
}

/** What is kept of a device's making, while nothing is. */
export const nothingMade = (
  device: GPUDevice,
): Pick<Gpu, 'pipelines' | 'bindGroups' | 'staging' | 'unproven'> => ({
  pipelines: new Map(),
  bindGroups: bindGroups(device),
  staging: [],
  unproven: new Set(),
});

function report({ info, features, limits }: GPUAdapter, { wgslLanguageFeatures }: GPU): AdapterReport {
  const { vendor, architecture, device, description } = info;
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  return {
    vendor,
    architecture,
    device,
    description,
    features: [...features].sort(),
    language_features: [...wgslLanguageFeatures].sort(),
    limits: { maxBufferSize, maxStorageBufferBindingSize },
  };
}

/** @throws device-lost once the device is gone: after that most WebGPU calls pretend to succeed. */
export function throwIfLost({ loss }: Gpu): void {
  if (loss.reason !== undefined)
    throw new LabError('device-lost', `The GPU device was lost (${loss.reason}).`);
}

/** Milliseconds within which a loss is told of after the first call that failed by it, even on a busy machine. */
const LOSS_TOLD_MS = 5000;

/**
 * What the GPU promised. A call that fails may hear of a loss before the loss is told; so it waits for that first.
 * @throws device-lost if the device is gone; else what the promise was rejected with.
 */
export async function orLost<T>(gpu: Gpu, promised: () => Promise<T>): Promise<T> {
  let rejection: unknown;
  try {
    const value = await promised();
    throwIfLost(gpu);
    return value;
  } catch (error) {
    rejection = error;
  }
  if (rejection instanceof LabError) throw rejection;
  await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, LOSS_TOLD_MS))]);
  // A call that was abandoned is a loss, told or not: no device will answer it.
  if (isAbandoned(rejection)) gpu.loss.reason ??= (rejection as Error).message;
  throwIfLost(gpu);
  throw rejection;
}

const isAbandoned = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || /\b(dropped|lost)\b/i.test(error.message));

/**
 * Forgets what no scope caught so far. After a failure that was told, what was already submitted fails, too, and would be
 * blamed on whatever uses the device next.
 */
export async function forgetFaults({ device, fault, unproven }: Gpu): Promise<void> {
  // What went wrong before a scope is told before the scope's own answer.
  device.pushErrorScope('internal');
  await device.popErrorScope().catch(() => undefined);
  delete fault.error;
  unproven.clear();
}

/** What WebGPU found wrong with a call: a fault of ours, or of a shader that this adapter does not take. */
export const refusedByWebGpu = ({ message }: GPUError): Error => new Error(`WebGPU: ${message}`);

export const isRefusedByWebGpu = (error: unknown): error is Error =>
  error instanceof Error && !(error instanceof LabError) && error.message.startsWith('WebGPU: ');

/** @throws out-of-memory or an Error after an error that no scope caught: what was computed since may be zeros. */
export function throwIfFaulty({ fault }: Gpu): void {
  const { error } = fault;
  if (!error) return;
  delete fault.error;
  if (error.constructor.name !== 'GPUOutOfMemoryError') throw refusedByWebGpu(error);
  throw new LabError('out-of-memory', `No room on the GPU: ${error.message}`);
}
