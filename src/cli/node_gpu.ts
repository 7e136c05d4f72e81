import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from '../../bin/chromium.mjs';
import { LabError } from '../errors.ts';
import { calmPolling } from './calm_polling';

/** The software driver that comes with Chromium, as it announces itself to the Vulkan loader. */
const SWIFTSHADER = 'vk_swiftshader_icd.json';

/** Variables by which a user tells the Vulkan loader which drivers to take, the stronger one first. */
const NAMED_BY = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const;

/** What Dawn takes beside the drivers of GPUs. Of Mesa 22's lavapipe it misses a feature. */
const TAKEN = "a GPU's driver, Chromium's SwiftShader, or lavapipe of a newer Mesa (25.0 is known to do)";

/**
 * Dawn's `navigator.gpu` for Node, with WebGPU's constants put into the global scope as a browser has them.
 * Where the machine's own drivers offer no adapter, the software driver that comes with Chromium is tried; drivers that
 * the user names are taken, or none.
 * @throws no-adapter where Dawn takes none of the drivers there are.
 */
export async function nodeGpu(): Promise<GPU> {
  // The loader of Linux complains on stderr about a headless session without it.
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  calmPolling();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const own = keepAlive(create([]));
  if (await own.requestAdapter()) return own;
  const named = NAMED_BY.find((name) => process.env[name]);
  if (named) {
    throw new LabError(
      'no-adapter',
      `Dawn takes no driver that ${named} names (${process.env[named]!}); allowed: ${TAKEN}.`,
    );
  }
  const chromium = findChromium();
  const folders = [...(chromium ? [dirname(chromium)] : []), '/usr/lib/chromium'];
  const driver = folders.map((folder) => join(folder, SWIFTSHADER)).find(existsSync);
  if (!driver) {
    throw new LabError('no-adapter', `Dawn takes no Vulkan driver of this machine; allowed: ${TAKEN}.`);
  }
  process.env.VK_ICD_FILENAMES = driver;
  return keepAlive(create([]));
}

/** Puts a GPU where browsers have it, for libraries that look for it there. */
export function offerAsNavigators(gpu: GPU): void {
  // Node 20 has no navigator.
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: {} });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { configurable: true, value: gpu });
}

/** Dawn crashes when its instance is collected while a device still works. */
const kept: unknown[] = [];

/** Devices that were opened, which may be at work. */
const devices: GPUDevice[] = [];

/** Milliseconds that a device may take to come to rest. */
const GRACE = 5000;

function keepAlive(gpu: GPU): GPU {
  kept.push(gpu);
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return null;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      devices.push(device);
      takeSharedMemory(device.queue);
      return device;
    };
    return adapter;
  };
  return gpu;
}

/** Dawn's binding refuses memory that threads share, in which WebAssembly may keep all of its own: a copy is written. */
function takeSharedMemory(queue: GPUQueue): void {
  const writeBuffer = queue.writeBuffer.bind(queue) as (...values: unknown[]) => undefined;
  queue.writeBuffer = (buffer: GPUBuffer, at: number, data: unknown, ...range: unknown[]) =>
    writeBuffer(buffer, at, isShared(data) ? data.slice() : data, ...range);
}

const isShared = (data: unknown): data is Uint8Array<SharedArrayBuffer> =>
  data instanceof Uint8Array && data.buffer instanceof SharedArrayBuffer;

/** Brings every device to rest and closes it: a process that ends while one works crashes on its way out. */
export async function closeGpus(): Promise<void> {
  const resting = devices.map((device) => device.queue.onSubmittedWorkDone().catch(() => undefined));
  await Promise.race([Promise.all(resting), new Promise((resolve) => setTimeout(resolve, GRACE))]);
  for (const device of devices) device.destroy();
}
