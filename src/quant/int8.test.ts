import { describe, expect, it } from 'vitest';
import { goldenTensor, sha } from '../../test/fixtures/golden_tensor.ts';
import { dequantizeInt8, quantizeInt8 } from './int8.ts';
import { report } from './error.ts';
import { roundToF16 } from '../tensor/dtype.ts';
import { seededRandom } from '../tensor/random.ts';

describe('int8 per row', () => {
  it('is the example of the documentation', () => {
    const q = quantizeInt8({ shape: [1, 3], data: Float32Array.of(2, 1, -0.2) }, 'row');
    expect([...q.CB]).toEqual([127, 64, -13]);
    expect([...q.SCB]).toEqual([2]);
    expect(dequantizeInt8(q).data[1]).toBeCloseTo(1.0079, 4);
  });

  it('equals bitsandbytes on its golden vector', () => {
    // Written by bitsandbytes 0.50.2.dev0 from float16 input.
    const golden = goldenTensor([48, 80]);
    const q = quantizeInt8({ shape: [48, 80], data: golden.data.map(roundToF16) }, 'row');
    expect(sha(q.CB)).toBe('08b998e8c396b9cc');
    expect(sha(q.SCB)).toBe('6ad6091e2b3e3332');
    expect([...q.CB.slice(0, 8)]).toEqual([-127, 30, -67, 90, -7, -104, 53, -44]);
  });

  it('rounds half to even and never reaches -128', () => {
    const q = quantizeInt8({ shape: [1, 5], data: Float32Array.of(127, 0.5, 1.5, 2.5, -127) }, 'row');
    expect([...q.CB]).toEqual([127, 0, 2, 2, -127]);
  });

  it('keeps a zero row zero', () => {
    const q = quantizeInt8({ shape: [2, 2], data: Float32Array.of(0, 0, 1, -1) }, 'row');
    expect([...q.CB]).toEqual([0, 0, 127, -127]);
    expect([...q.SCB]).toEqual([0, 1]);
  });

  it('loses on N(0,1) what bitsandbytes loses', () => {
    const seeded = seededRandom(3);
    const t = { shape: [256, 1024], data: Float32Array.from({ length: 256 * 1024 }, () => seeded.normal()) };
    expect(report(t, quantizeInt8(t, 'row')).mean_abs_error).toBeCloseTo(0.00679, 4);
  });
});

describe('int8 per tensor', () => {
  it('has one scale', () => {
    const q = quantizeInt8({ shape: [2, 2], data: Float32Array.of(0, 0.5, 1, -2) }, 'tensor');
    expect([...q.SCB]).toEqual([2]);
    expect([...q.CB]).toEqual([0, 32, 64, -127]);
    expect(dequantizeInt8(q).data[3]).toBeCloseTo(-2, 6);
  });
});
