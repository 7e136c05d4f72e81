import type { CheckRow } from './check.ts';
import type { Gpu } from './device/device.ts';
import type { Kernel, KernelCase } from './device/kernel.ts';
import { choicesOf, firstForm } from './matrix/choose.ts';
import { firstDisagreement } from './matrix/equal_bits.ts';
import { STORAGES, type StorageName } from './matrix/matrix.ts';

/**
 * Holds the forms of the matmul that prefill may take on this adapter against each other on the cases wanted, and has
 * prefill take the first form alone where a driver tells them apart. Returns the check that told.
 */
export async function pinForms(
  gpu: Gpu,
  isWanted: (kernel: Kernel, kase: KernelCase) => boolean,
): Promise<CheckRow | undefined> {
  for (const storage of Object.keys(STORAGES) as StorageName[]) {
    const kernels = choicesOf(gpu, storage, 'prefill');
    const [first] = kernels;
    const cases = first!.cases().filter((kase) => isWanted(first!, kase));
    const found = await firstDisagreement(gpu, kernels, cases);
    if (!found) continue;
    const form = firstForm(gpu, 'prefill');
    gpu.pinned.prefill = form;
    return {
      kernel: found.kernel,
      case: found.case,
      max_error: found.max_difference,
      bound: 0,
      worst_ratio: 0,
      pass: true,
      note: `Other bits than ${first!.name}: on this adapter ${form} serves every shape.`,
    };
  }
  return undefined;
}
