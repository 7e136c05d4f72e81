import { compare, formatMismatch, maxError } from '../tensor/compare.ts';
import { forgetFaults, isRefusedByWebGpu, type Gpu } from './device/device.ts';
import { pipelineKey, prepareFor, type Kernel, type KernelCase, type Overrides } from './device/kernel.ts';
import { runKernel } from './device/run_kernel.ts';
import { pinForms } from './pin_forms.ts';
import { kernelsFor } from './registry.ts';

/** The kernel error of one kernel on one case. */
export interface CheckRow {
  kernel: string;
  case: string;
  /** The largest |GPU − reference| over all outputs; infinite where the GPU left a value unwritten. */
  max_error: number;
  /** The error allowed where the reference is 0; the allowance grows with the reference's magnitude. */
  bound: number;
  /** The largest error over what was allowed at its own element: above 1 the check fails. */
  worst_ratio: number;
  pass: boolean;
  /** Expected and actual values around the worst element, when the check fails. */
  mismatch?: string;
  /** What follows from a check that told two forms apart, each of them right. */
  note?: string;
}

/** Runs a kernel on the GPU and on the CPU and compares what they wrote. */
export async function checkKernel(gpu: Gpu, kernel: Kernel, kase: KernelCase): Promise<CheckRow> {
  const { params, arrays, overrides = {} } = kase;
  const tolerance = kernel.tolerance === 'exact' ? { atol: 0, rtol: 0 } : kernel.tolerance(params, overrides);
  const row: CheckRow = {
    kernel: kernel.name,
    case: kase.name,
    max_error: 0,
    bound: tolerance.atol,
    worst_ratio: 0,
    pass: true,
  };
  try {
    const written = await runKernel(gpu, kernel, kase);
    const expected = kernel.reference(params, arrays, overrides);
    for (const [name, got] of Object.entries(written)) {
      const want = expected[name]!;
      const { max_error, worst_ratio } = maxError(got, want, tolerance);
      row.max_error = Math.max(row.max_error, max_error);
      row.worst_ratio = Math.max(row.worst_ratio, worst_ratio);
      const mismatch = compare(got, want, tolerance);
      if (mismatch) Object.assign(row, { pass: false, mismatch: `${name}: ${formatMismatch(mismatch)}` });
    }
    return row;
  } catch (error) {
    await forgetFaults(gpu);
    // A shader that this adapter does not compile, or a dispatch that it refuses, is a kernel that fails.
    if (!isRefusedByWebGpu(error)) throw error;
    return { ...row, pass: false, mismatch: error.message };
  }
}

/** Kernels that will run, and what they will be compiled with: each takes the constants that it declares. */
export interface Need {
  kernels: readonly Kernel[];
  overrides: Overrides;
}

interface Check {
  kernel: Kernel;
  kase: KernelCase;
}

/**
 * The first case of every pipeline needed, each pipeline once.
 * @throws Error where a kernel has no case for its constants: then nothing says what it should compute.
 */
export function checksFor(needs: readonly Need[]): Check[] {
  const cases = new Map<Kernel, KernelCase[]>();
  const checks = new Map<string, Check>();
  for (const { kernels, overrides } of needs) {
    for (const kernel of kernels) {
      if (!cases.has(kernel)) cases.set(kernel, kernel.cases());
      const kase = cases.get(kernel)!.find((one) => isCompiledWith(one, overrides));
      if (!kase) throw new Error(`No case of ${kernel.name} is compiled with ${JSON.stringify(overrides)}.`);
      const key = pipelineKey(kernel, kase.overrides ?? {});
      if (!checks.has(key)) checks.set(key, { kernel, kase });
    }
  }
  return [...checks.values()];
}

const isCompiledWith = ({ overrides = {} }: KernelCase, wanted: Overrides): boolean =>
  Object.entries(overrides).every(([name, value]) => wanted[name] === value);

/**
 * Checks every pipeline needed on one case, and that the forms a run may take are equal to the bit. Stops at nothing, so
 * that all rows are seen.
 */
export async function quickCheck(
  gpu: Gpu,
  needs: readonly Need[],
  onRow: (row: CheckRow, total: number) => void,
): Promise<void> {
  // What went wrong on the device before is no fault of its kernels.
  await forgetFaults(gpu);
  const checks = checksFor(needs);
  const ready = checks.map(({ kernel, kase }) => prepareFor(gpu, kernel, kase.overrides ?? {}));
  for (const [i, { kernel, kase }] of checks.entries()) {
    await ready[i];
    onRow(await checkKernel(gpu, kernel, kase), checks.length);
  }
  const told = await pinForms(gpu, (kernel, kase) =>
    needs.some(({ kernels, overrides }) => kernels.includes(kernel) && isCompiledWith(kase, overrides)),
  );
  if (told) onRow(told, checks.length);
}

/** Every case of every kernel, and that the forms a run may take are equal to the bit. */
export async function fullCheck(gpu: Gpu, onRow: (row: CheckRow, total: number) => void): Promise<void> {
  const cases = kernelsFor(gpu).flatMap((kernel) => kernel.cases().map((kase) => ({ kernel, kase })));
  for (const { kernel, kase } of cases) onRow(await checkKernel(gpu, kernel, kase), cases.length);
  const told = await pinForms(gpu, () => true);
  if (told) onRow(told, cases.length);
}
