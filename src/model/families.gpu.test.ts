import { afterAll, expect, it } from 'vitest';
import { referenceLogits } from '../../test/fixtures/llama_reference.ts';
import { fused, normedBehind } from '../../test/fixtures/made_up_families.ts';
import { randomModel } from '../../test/fixtures/random_llama.ts';
import { openGpu } from '../gpu/device/device.ts';
import type { QuantConfig } from '../quant/config.ts';
import { compare, formatMismatch } from '../tensor/compare.ts';
import { llama } from './families/llama.ts';
import { forward, reserve } from './forward.ts';
import { readLogits } from './logits.ts';
import { sequenceBatch } from './sequence.ts';
import { withModel, type ModelSource } from './session.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const FLOAT: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const INT8: QuantConfig = { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' };
const IDS = [0, 17, 3, 99, 210, 4, 4, 51, 130, 8, 77];

const logitsOf = (source: ModelSource, quant: QuantConfig): Promise<Float32Array> =>
  withModel(gpu, source, quant, async (model) => {
    await reserve(model, IDS.length, IDS.length);
    forward(model, sequenceBatch(IDS, 0));
    return readLogits(model, [...IDS.keys()]);
  });

it.each([FLOAT, INT8])('computes fused projections as the same rows apart, $quant_type', async (quant) => {
  // Drawn in the order listed, q over k over v are the very values of one matrix.
  expect(await logitsOf(await randomModel(fused), quant)).toEqual(
    await logitsOf(await randomModel(llama), quant),
  );
});

it('computes norms behind, over all heads, and blocks of two windows as float64 does', async () => {
  const source = await randomModel(normedBehind);
  const expected = await referenceLogits(source.checkpoint, source.config, IDS);
  const got = await logitsOf(source, FLOAT);
  const mismatch = compare(got, Float32Array.from(expected.flatMap((row) => [...row])), {
    atol: 1e-4,
    rtol: 1e-4,
  });
  expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
});
