import type { AdapterReport } from '../adapter.ts';
import { LabError } from '../../errors.ts';

/** A device and what the lab keeps beside it. Everything on the GPU hangs off this one value. */
export interface Gpu {
  device: GPUDevice;
  adapter: AdapterReport;
  /** Bytes of buffers alive that were made through `allocate`. */
  allocated: { bytes: number };
  pipelines: Map<string, GPUComputePipeline>;
  /** Why the device was lost, once it is. */
  loss: { reason?: string };
  /** Resolves when the device is lost; never rejects. */
  lost: Promise<void>;
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

/**
 * Opens a device on the preferred adapter of `navigator.gpu` (or of Dawn under Node).
 * @throws no-webgpu where the browser has none, no-adapter where no adapter is offered.
 */
export async function openGpu(entry: GPU | undefined): Promise<Gpu> {
  if (!entry) throw new LabError('no-webgpu', 'This browser has no WebGPU; runs need it.');
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new LabError('no-adapter', 'WebGPU is there, but it offers no adapter; runs need one.');
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const loss: Gpu['loss'] = {};
  const lost = device.lost.then(({ reason, message }) => {
    loss.reason = message || reason;
  });
  return {
    device,
    adapter: report(adapter, entry),
    allocated: { bytes: 0 },
    pipelines: new Map(),
    loss,
    lost,
  };
}

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
