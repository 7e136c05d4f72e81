import source from '../../../shaders/advance.wgsl?raw';
import { defineKernel } from '../device/kernel.ts';

/** Moves a generation on to its next token: its position, and the slots it sees under a window; window 0 is none. */
export const advance = defineKernel({
  name: 'advance',
  wgsl: source,
  params: { by: 'u32', window: 'u32', first_position: 'u32' },
  bindings: { step: 'read_write u32', spans: 'write u32', positions: 'write u32' },
  workgroups: () => [1, 1],
  reference: ({ by, window, first_position }, { step }) => {
    const at = step[0]! + by;
    const first = window === 0 ? 0 : Math.max(0, at + 1 - window);
    return {
      step: Uint32Array.of(at, ...step.subarray(1)),
      spans: Uint32Array.of(0, 0, first, at + 1),
      positions: Uint32Array.of(at + first_position),
    };
  },
  tolerance: 'exact',
  cases: () => [
    advanceCase(9, { by: 1, window: 0, first_position: 0 }),
    advanceCase(9, { by: 1, window: 4, first_position: 2 }),
    advanceCase(2, { by: 0, window: 3, first_position: 0 }),
    advanceCase(2, { by: 1, window: 3, first_position: 0 }),
  ],
  traffic: {
    touched: () => ({ step: [[0]] }),
    flops: () => 0,
    instructions: () => 10,
    shared_reads: () => 0,
  },
});

function advanceCase(step: number, params: { by: number; window: number; first_position: number }) {
  return {
    name: `from ${step} by ${params.by} · window ${params.window} · positions from ${params.first_position}`,
    params,
    arrays: { step: Uint32Array.of(step), spans: new Uint32Array(4), positions: new Uint32Array(1) },
  };
}
