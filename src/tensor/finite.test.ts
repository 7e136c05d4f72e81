import { expect, it } from 'vitest';
import { encodeBF16, encodeF16 } from './dtype.ts';
import { firstNonFinite } from './finite.ts';

const bytes = (view: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

it.each([
  ['F32', (a: Float32Array<ArrayBuffer>) => bytes(a)],
  ['F16', (a: Float32Array<ArrayBuffer>) => bytes(encodeF16(a))],
  ['BF16', (a: Float32Array<ArrayBuffer>) => bytes(encodeBF16(a))],
] as const)('finds the first of %s', (dtype, encode) => {
  expect(firstNonFinite(dtype, encode(Float32Array.of(1, -2, 0, 65504)))).toBe(-1);
  expect(firstNonFinite(dtype, encode(Float32Array.of(1, NaN, Infinity)))).toBe(1);
  expect(firstNonFinite(dtype, encode(Float32Array.of(1, 2, -Infinity)))).toBe(2);
  expect(firstNonFinite(dtype, new Uint8Array(0))).toBe(-1);
});

it('reads from an odd offset', () => {
  const shifted = new Uint8Array(9);
  shifted.set(bytes(Float32Array.of(1, NaN)), 1);
  expect(firstNonFinite('F32', shifted.subarray(1))).toBe(1);
});
