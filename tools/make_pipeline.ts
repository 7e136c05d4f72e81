/**
 * Compiles one kernel by its name, with the constants of the first of its cases whose name has the words given: the
 * compute dtype, and others behind it.
 */
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { openGpu } from '../src/gpu/device/device.ts';
import { pipelineOf } from '../src/gpu/device/kernel.ts';
import { KERNELS } from '../src/gpu/registry.ts';

const [name, ...words] = process.argv.slice(2);
const kernel = KERNELS.find((one) => one.name === name);
if (!kernel)
  throw new Error(`There is no kernel ${name}; there are ${KERNELS.map((one) => one.name).join(', ')}.`);
const gpu = await openGpu(await nodeGpu());
const kase = kernel.cases().find((one) => words.every((word) => one.name.includes(word)));
if (!kase) throw new Error(`No case of ${name} has ${words.join(', ')} in its name.`);
pipelineOf(gpu, kernel, kase.overrides ?? {});
await gpu.device.queue.onSubmittedWorkDone();
