import { expect, it } from 'vitest';
import { sha } from '../../test/fixtures/golden_tensor.ts';
import { seededRandom } from '../tensor/random.ts';
import { quantizeBlockwise } from './blockwise.ts';
import { NF4 } from './formats/nf4.ts';
import { dequantizeAbsmax, quantizeAbsmax } from './double_quant.ts';
import { DYNAMIC_MAP } from './dynamic_map.ts';

it('the dynamic map is the one of published checkpoints, bit for bit', () => {
  expect(sha(DYNAMIC_MAP)).toBe('e732639a65f497b4');
  expect(DYNAMIC_MAP.length).toBe(256);
  expect([...DYNAMIC_MAP.slice(0, 2)]).toEqual([-0.992968738079071, -0.9789062738418579]);
  expect([DYNAMIC_MAP[127], DYNAMIC_MAP[255]]).toEqual([0, 1]);
  expect(DYNAMIC_MAP.reduce((a, b) => a + b, 0)).toBe(1);
});

it('brings absmax back to within half a step of its decade', () => {
  const seeded = seededRandom(5);
  const data = Float32Array.from({ length: 64 * 1000 }, () => seeded.normal());
  const { absmax } = quantizeBlockwise({ shape: [data.length], data }, NF4, 64).scales;
  const nested = quantizeAbsmax(absmax);
  expect(nested.codes.length).toBe(1000);
  expect(nested.nested_absmax.length).toBe(4);
  const back = dequantizeAbsmax(nested);
  const worst = Math.max(...absmax.map((a, i) => Math.abs(a - back[i]!)));
  expect(worst).toBeGreaterThan(0);
  // The widest step of the map is 0.0141 of the block's largest deviation.
  expect(worst).toBeLessThan(0.0071 * Math.max(...nested.nested_absmax));
});

it('a single block is its own mean, exactly', () => {
  const nested = quantizeAbsmax(Float32Array.of(0.37));
  expect(nested.offset).toBe(Math.fround(0.37));
  expect([...dequantizeAbsmax(nested)]).toEqual([Math.fround(0.37)]);
});
