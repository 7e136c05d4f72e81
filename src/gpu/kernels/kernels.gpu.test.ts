import { afterAll, describe, expect, it } from 'vitest';
import { checkKernel } from '../check.ts';
import { openGpu } from '../device/device.ts';
import { adapterName } from '../adapter.ts';
import { pipelineOf, type Kernel, type KernelCase } from '../device/kernel.ts';
import { kernelsFor } from '../registry.ts';

const gpu = await openGpu(navigator.gpu);
console.log(`adapter: ${adapterName(gpu.adapter)}`);
afterAll(() => gpu.device.destroy());

/** In a browser Self-check computes every case, and its own test holds it to that: once is enough. */
const casesOf = (kernel: Kernel): readonly KernelCase[] => ('document' in globalThis ? [] : kernel.cases());

describe.each(kernelsFor(gpu).map((kernel) => [kernel.name, kernel] as const))('%s', (_, kernel) => {
  it('compiles without a message', async () => {
    const module = gpu.device.createShaderModule({ code: kernel.wgsl });
    const { messages } = await module.getCompilationInfo();
    expect(messages.map((m) => `${m.lineNum}: ${m.message}`)).toEqual([]);
    gpu.device.pushErrorScope('validation');
    pipelineOf(gpu, kernel, {});
    expect((await gpu.device.popErrorScope())?.message).toBeUndefined();
  });

  it.each(casesOf(kernel).map((kase) => [kase.name, kase] as const))('%s', async (_, kase) => {
    const row = await checkKernel(gpu, kernel, kase);
    expect(row.mismatch ?? '').toBe('');
    expect(row.pass).toBe(true);
  });
});

it('leaves nothing allocated behind', () => {
  expect(gpu.allocated.bytes).toBe(0);
});
