import { openArena, readBack, write } from './buffers.ts';
import { recordCommands } from './commands.ts';
import type { Gpu } from './device.ts';
import type { Kernel, KernelCase } from './kernel.ts';

/** A quiet NaN no kernel computes by accident: what is still there afterwards was never written. */
const POISON = 0x7fc0dead;

/** Runs a kernel on the GPU: the arrays that it wrote. */
export async function runKernel(
  gpu: Gpu,
  kernel: Kernel,
  { params, arrays, overrides = {} }: KernelCase,
): Promise<Record<string, Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>>> {
  const buffers: Record<string, GPUBuffer> = {};
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  try {
    for (const [name, access] of Object.entries(kernel.bindings)) {
      const initial = arrays[name]!;
      buffers[name] = await arena.allocate(initial.byteLength, `${kernel.name} ${name}`);
      const poisoned = access.startsWith('write ');
      write(gpu, buffers[name], poisoned ? new Uint32Array(initial.length).fill(POISON) : initial);
    }
    commands.dispatch(kernel, params, buffers, overrides);
    commands.submit();
    const written: Record<string, Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>> = {};
    for (const [name, access] of Object.entries(kernel.bindings)) {
      if (access.startsWith('read ')) continue;
      const raw = await readBack(gpu, buffers[name]!, arrays[name]!.byteLength);
      written[name] = access.endsWith('u32') ? new Uint32Array(raw) : new Float32Array(raw);
    }
    return written;
  } finally {
    commands.close();
    arena.close();
  }
}
