/** Compiles one kernel by its name with the constants of its first case, and the compute dtype given. */
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { openGpu } from '../src/gpu/device/device.ts';
import { pipelineOf } from '../src/gpu/device/kernel.ts';
import { KERNELS } from '../src/gpu/registry.ts';

const [name, compute] = process.argv.slice(2);
const kernel = KERNELS.find((one) => one.name === name);
if (!kernel)
  throw new Error(`There is no kernel ${name}; there are ${KERNELS.map((one) => one.name).join(', ')}.`);
const gpu = await openGpu(await nodeGpu());
pipelineOf(gpu, kernel, { ...kernel.cases()[0]!.overrides, COMPUTE_DTYPE: Number(compute) });
await gpu.device.queue.onSubmittedWorkDone();
