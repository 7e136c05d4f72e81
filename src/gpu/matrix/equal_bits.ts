import type { Gpu } from '../device/device.ts';
import type { Kernel, KernelCase } from '../device/kernel.ts';
import { runKernel } from '../device/run_kernel.ts';

/** A case on which two kernels that should be equal to the bit are not, and by how much. */
export interface Disagreement {
  kernel: string;
  case: string;
  max_difference: number;
}

/**
 * Holds kernels that should come to the same bits against the first of them. WGSL lets a driver keep or split a fused
 * multiplication and addition, and two shaders may fare differently.
 */
export async function firstDisagreement(
  gpu: Gpu,
  [first, ...others]: readonly Kernel[],
  cases: readonly KernelCase[],
): Promise<Disagreement | undefined> {
  if (!first || others.length === 0) return undefined;
  for (const kase of cases) {
    const expected = await outputs(gpu, first, kase);
    for (const kernel of others) {
      const found = await outputs(gpu, kernel, kase);
      if (found.every((value, i) => Object.is(value, expected[i]))) continue;
      const max_difference = found.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - expected[i]!)),
        0,
      );
      return { kernel: kernel.name, case: kase.name, max_difference };
    }
  }
  return undefined;
}

async function outputs(gpu: Gpu, kernel: Kernel, kase: KernelCase): Promise<Float32Array> {
  const { y } = await runKernel(gpu, kernel, kase);
  return y as Float32Array;
}
