import { nodeGpu } from '../src/cli/node_gpu.ts';

const gpu = await nodeGpu();
if (!('navigator' in globalThis)) {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: {} });
}
Object.defineProperty(globalThis.navigator, 'gpu', { configurable: true, value: gpu });
