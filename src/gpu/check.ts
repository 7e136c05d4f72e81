import { compare, formatMismatch, maxError } from '../tensor/compare.ts';
import { recordCommands } from './commands.ts';
import { allocate, free, readBack, write, type Gpu } from './device.ts';
import type { Kernel, KernelCase } from './kernel.ts';

/** The kernel error of one kernel on one case. */
export interface CheckRow {
  kernel: string;
  case: string;
  /** The largest |GPU − reference| over all outputs; NaN when the GPU left a value unwritten. */
  max_error: number;
  /** What was allowed at the element nearest to or furthest past its tolerance. */
  bound: number;
  pass: boolean;
  /** Expected and actual values around the worst element, when the check fails. */
  mismatch?: string;
}

/** A quiet NaN no kernel computes by accident: what is still there afterwards was never written. */
const POISON = 0x7fc0dead;

/** Runs a kernel on the GPU and on the CPU and compares what they wrote. */
export async function checkKernel(gpu: Gpu, kernel: Kernel, kase: KernelCase): Promise<CheckRow> {
  const { params, arrays, overrides = {} } = kase;
  const written = Object.keys(kernel.bindings).filter((name) => !kernel.bindings[name]!.startsWith('read '));
  const buffers: Record<string, GPUBuffer> = {};
  try {
    for (const [name, access] of Object.entries(kernel.bindings)) {
      const initial = arrays[name]!;
      buffers[name] = await allocate(gpu, initial.byteLength, `${kernel.name} ${name}`);
      const poisoned = access.startsWith('write ');
      write(gpu, buffers[name], poisoned ? new Uint32Array(initial.length).fill(POISON) : initial);
    }
    const commands = recordCommands(gpu);
    commands.dispatch(kernel, params, buffers, overrides);
    commands.submit();

    const expected = kernel.reference(params, arrays, overrides);
    const tolerance =
      kernel.tolerance === 'exact' ? { atol: 0, rtol: 0 } : kernel.tolerance(params, overrides);
    const row: CheckRow = {
      kernel: kernel.name,
      case: kase.name,
      max_error: 0,
      bound: tolerance.atol,
      pass: true,
    };
    for (const name of written) {
      const want = expected[name]!;
      const raw = await readBack(gpu, buffers[name]!, want.byteLength);
      const got = want instanceof Uint32Array ? new Uint32Array(raw) : new Float32Array(raw);
      const { max_error } = maxError(got, want, tolerance);
      if (!(max_error <= row.max_error)) row.max_error = max_error;
      const mismatch = compare(got, want, tolerance);
      if (mismatch) Object.assign(row, { pass: false, mismatch: `${name}: ${formatMismatch(mismatch)}` });
    }
    return row;
  } finally {
    Object.values(buffers).forEach((buffer) => free(gpu, buffer));
  }
}
