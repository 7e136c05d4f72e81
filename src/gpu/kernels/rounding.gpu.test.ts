import { afterAll, expect, it } from 'vitest';
import { roundToBF16, roundToF16 } from '../../tensor/dtype.ts';
import { seededRandom } from '../../tensor/random.ts';
import { openGpu } from '../device/device.ts';
import type { Kernel } from '../device/kernel.ts';
import { runKernel } from '../device/run_kernel.ts';
import { cast } from './cast.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const ENDS = { float16: 0x47800000, bfloat16: 0x7f7f0000 };

/** Bit patterns where rounding turns: each value of a 16-bit type, the middle to the next one, and their neighbours. */
function turns(kind: keyof typeof ENDS): Uint32Array<ArrayBuffer> {
  const patterns: number[] = [];
  const around = (bits: number) => patterns.push(bits - 1, bits, bits + 1);
  if (kind === 'float16') {
    // Subnormal ones are whole multiples of 2^-24; from 2^-14 on every 2^13th float32 is one.
    for (let units = 1; units < 2048; units++) around(bitsOf(units * 2 ** -25));
    for (let bits = 0x38800000; bits < ENDS.float16; bits += 0x1000) around(bits);
  } else {
    for (let bits = 0x00800000; bits < ENDS.bfloat16; bits += 0x8000) around(bits);
  }
  const random = seededRandom(7);
  for (let i = 0; i < 50_000; i++) patterns.push(Math.floor(random.uniform() * 0x7f7f0000));
  const normal = patterns.filter((bits) => bits >= 0x00800000 && bits < 0x7f7f0000);
  return Uint32Array.from([0, 0x80000000, ...normal, ...normal.map((bits) => bits + 0x80000000)]);
}

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

it.each([
  ['float16', 1, roundToF16],
  ['bfloat16', 2, roundToBF16],
] as const)('rounds to %s as the CPU does wherever rounding turns', async (kind, COMPUTE_DTYPE, round) => {
  const x = new Float32Array(turns(kind).buffer);
  const { y } = await runKernel(gpu, cast as unknown as Kernel, {
    name: kind,
    params: { n: x.length },
    arrays: { x, y: new Float32Array(x.length) },
    overrides: { COMPUTE_DTYPE },
  });
  expect(x.length).toBeGreaterThan(100_000);
  const wrong = x.findIndex((value, i) => !Object.is(y![i], round(value)));
  expect(wrong < 0 ? 'none' : `${x[wrong]} to ${y![wrong]}, should be ${round(x[wrong]!)}`).toBe('none');
});
