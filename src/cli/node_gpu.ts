import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from '../../bin/chromium.mjs';
import { calmPolling } from './calm_polling';

/** Files by which drivers that compute on the CPU announce themselves to the Vulkan loader. */
const SOFTWARE_DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
];

/**
 * Dawn's `navigator.gpu` for Node, with WebGPU's constants put into the global scope as a browser has them.
 * Where the machine's own drivers offer no adapter, the software driver that comes with Chromium is tried.
 */
export async function nodeGpu(): Promise<GPU> {
  // The loader of Linux complains on stderr about a headless session without it.
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  calmPolling();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const own = keepAlive(create([]));
  if (await own.requestAdapter()) return own;
  const beside = findChromium();
  const drivers = [beside && join(dirname(beside), 'vk_swiftshader_icd.json'), ...SOFTWARE_DRIVERS];
  const driver = drivers.find((path) => path && existsSync(path));
  if (!driver) return own;
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
