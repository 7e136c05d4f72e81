import { LabError } from '../errors.ts';

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

/** What is worth keeping of an adapter in a record of results. */
export interface AdapterReport {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  features: string[];
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number };
}

/** Only these are asked for, and only for bigger tensors per buffer; everything works at their defaults. */
const RAISED_LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const;
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
    adapter: report(adapter),
    allocated: { bytes: 0 },
    pipelines: new Map(),
    loss,
    lost,
  };
}

function report({ info, features, limits }: GPUAdapter): AdapterReport {
  const { vendor, architecture, device, description } = info;
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  return {
    vendor,
    architecture,
    device,
    description,
    features: [...features].sort(),
    limits: { maxBufferSize, maxStorageBufferBindingSize },
  };
}

/** "google swiftshader SwiftShader driver": an adapter in a few words. */
export function adapterName({ vendor, architecture, device, description }: AdapterReport): string {
  const words = description || device;
  return [vendor, architecture, words].filter(Boolean).join(' ') || 'unnamed adapter';
}

const STORAGE = 0x80 | 0x04 | 0x08; // GPUBufferUsage.STORAGE | COPY_SRC | COPY_DST, spelled out for Node.

/** The largest tensor part one buffer may hold on this device, in bytes. */
export const largestBinding = ({ device }: Gpu): number =>
  Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);

/**
 * A storage buffer of at least `bytes` (rounded up to 16, so that it can be read as vec4), zero-filled.
 * @throws over-limit when no buffer may be so large, out-of-memory when the device has no room, device-lost.
 */
export async function allocate(gpu: Gpu, bytes: number, what: string): Promise<GPUBuffer> {
  const size = Math.max(16, Math.ceil(bytes / 16) * 16);
  const largest = largestBinding(gpu);
  if (size > largest) {
    throw new LabError(
      'over-limit',
      `${what} needs a buffer of ${mebibytes(size)}; this adapter allows ${mebibytes(largest)}.`,
    );
  }
  const { device } = gpu;
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const buffer = device.createBuffer({ label: what, size, usage: STORAGE });
  const [memory, validation] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  throwIfLost(gpu);
  if (memory ?? validation) {
    buffer.destroy();
    throw new LabError(
      'out-of-memory',
      `No room on the GPU for ${what} (${mebibytes(size)}; ${mebibytes(gpu.allocated.bytes)} are in use).`,
    );
  }
  gpu.allocated.bytes += size;
  return buffer;
}

/** Frees a buffer made by `allocate`. */
export function free(gpu: Gpu, buffer: GPUBuffer): void {
  gpu.allocated.bytes -= buffer.size;
  buffer.destroy();
}

/** Bytes a single writeBuffer copies at most: a bigger one makes some drivers stage it twice. */
const UPLOAD_BYTES = 16 * 1024 * 1024;

/** Copies `data` to the start of `buffer`; a last odd part is padded to the 4 bytes a copy needs. */
export function write({ device }: Gpu, buffer: GPUBuffer, data: ArrayBufferView<ArrayBuffer>): void {
  const whole = data.byteLength & ~3;
  for (let begin = 0; begin < whole; begin += UPLOAD_BYTES) {
    const size = Math.min(UPLOAD_BYTES, whole - begin);
    device.queue.writeBuffer(buffer, begin, data.buffer, data.byteOffset + begin, size);
  }
  if (whole < data.byteLength) {
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
    device.queue.writeBuffer(buffer, whole, tail);
  }
}

/** A new storage buffer holding `data`. */
export async function upload(gpu: Gpu, data: ArrayBufferView<ArrayBuffer>, what: string): Promise<GPUBuffer> {
  const buffer = await allocate(gpu, data.byteLength, what);
  write(gpu, buffer, data);
  return buffer;
}

/**
 * The first `bytes` of a buffer, after everything submitted so far.
 * A lost device rejects here: reading back is the proof that a result was computed.
 */
export async function readBack(gpu: Gpu, buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  const { device } = gpu;
  throwIfLost(gpu);
  const size = Math.ceil(bytes / 4) * 4;
  // GPUBufferUsage.MAP_READ | COPY_DST
  const staging = device.createBuffer({ label: 'read back', size, usage: 0x01 | 0x08 });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(0x01, 0, size);
    throwIfLost(gpu);
    return staging.getMappedRange(0, size).slice(0, bytes);
  } catch (error) {
    // Let the loss event arrive before blaming the copy.
    await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
    throwIfLost(gpu);
    throw error;
  } finally {
    staging.destroy();
  }
}

/** @throws device-lost once the device is gone: after that most WebGPU calls pretend to succeed. */
export function throwIfLost({ loss }: Gpu): void {
  if (loss.reason !== undefined)
    throw new LabError('device-lost', `The GPU device was lost (${loss.reason}).`);
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
