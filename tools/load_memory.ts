/**
 * Says how much memory a model takes while it is loaded, under a few configurations: what lies on the device in the
 * end, the most that did at a time, and the most that lay in buffers of JavaScript; and the processor's seconds, which
 * other work on the machine does not lengthen.
 * `node --expose-gc tools/load_memory.mjs FOLDER`
 */
import { diskModel } from '../src/cli/disk.ts';
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { openWeights } from '../src/model/open_model.ts';
import { withModel } from '../src/model/session.ts';
import type { QuantConfig } from '../src/quant/config.ts';
import { configName } from '../src/quant/config.ts';
import { openGpu } from '../src/gpu/device/device.ts';

const CONFIGS: QuantConfig[] = [
  { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
  { quant_type: 'nf4', blocksize: 64, double_quant: true, compute_dtype: 'float32' },
  { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
  { quant_type: 'none', compute_dtype: 'float32' },
] as QuantConfig[];

const inMiB = (bytes: number): string => (bytes / 2 ** 20).toFixed(1).padStart(8);

const gpu = await openGpu(await nodeGpu());
const weights = await openWeights(await diskModel(process.argv[2]!));
const sizes = [...weights.checkpoint.tensors.values()].map(
  ({ info: { data_offsets } }) => data_offsets[1] - data_offsets[0],
);
console.log(
  `tensors of ${inMiB(sizes.reduce((a, b) => a + b))} MiB, the largest ${inMiB(Math.max(...sizes))} MiB`,
);
console.log(
  'MiB: on the device at last, at most; in buffers of JavaScript and resident, at most beyond the first; seconds',
);
for (const config of CONFIGS) {
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.memoryUsage();
  const cpu = process.cpuUsage();
  let [device, buffers, resident] = [0, 0, 0];
  const look = () => {
    const { arrayBuffers, rss } = process.memoryUsage();
    device = Math.max(device, gpu.allocated.bytes);
    buffers = Math.max(buffers, arrayBuffers - before.arrayBuffers);
    resident = Math.max(resident, rss - before.rss);
  };
  // Each step of a load waits for the device, so that this looks between any two.
  const looking = setInterval(look, 1);
  const after = await withModel(gpu, { ...weights, onProgress: look }, config, async () => {
    await gpu.device.queue.onSubmittedWorkDone();
    return gpu.allocated.bytes;
  });
  clearInterval(looking);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = ((user + system) / 1e6).toFixed(1).padStart(6);
  console.log(configName(config).padEnd(30), ...[after, device, buffers, resident].map(inMiB), seconds);
}
process.exit(0);
