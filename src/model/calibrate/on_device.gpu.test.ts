import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../gpu/device/device.ts';
import { normals } from '../../gpu/kernels/cases.ts';
import { inverseFactor } from '../../quant/calibrated/cholesky.ts';
import { gptqFactor, onCpu, quantizeGptq } from '../../quant/calibrated/gptq.ts';
import { layerError } from '../../quant/calibrated/output_error.ts';
import { addInputs, emptyStatistics } from '../../quant/calibrated/statistics.ts';
import { dequantize } from '../../quant/quantize.ts';
import { inverseFactorOnDevice } from './inverse_factor.ts';
import { addInputsOnDevice, onDevice } from './on_device.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

// Two panels and a part of one. Inputs that go together, as those of a layer do, of very different sizes.
const COLUMNS = 300;
const [tokens, rows] = [400, 16];
const shared = normals(tokens, 1);
const inputs = normals(tokens * COLUMNS, 2).map(
  (x, at) => (x + shared[Math.floor(at / COLUMNS)]!) * (1 + (at % COLUMNS) / 30),
);
const exact = emptyStatistics(COLUMNS);
addInputs(exact, inputs);

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

test('the products of inputs are those of the CPU, over several texts', async () => {
  const statistics = emptyStatistics(COLUMNS);
  const half = (tokens / 2) * COLUMNS;
  await addInputsOnDevice(gpu, statistics, inputs.slice(0, half));
  await addInputsOnDevice(gpu, statistics, inputs.slice(half));
  expect(statistics.tokens).toBe(tokens);
  const most = largest(exact.gram);
  statistics.gram.forEach((sum, at) => expect(Math.abs(sum - exact.gram[at]!) / most).toBeLessThan(1e-6));
  statistics.sum_abs.forEach((sum, k) => expect(sum / exact.sum_abs[k]!).toBeCloseTo(1, 6));
});

test('the factor of an inverse is that of the CPU', async () => {
  const cpu = await gptqFactor(
    exact,
    { desc_act: false, damp: 0.01 },
    onCpu(() => Promise.resolve()),
  );
  const device = await gptqFactor(exact, { desc_act: false, damp: 0.01 }, onDevice(gpu));
  const most = largest(cpu.U);
  expect(device.U).toHaveLength(COLUMNS ** 2);
  device.U.forEach((value, at) => expect(Math.abs(value - cpu.U[at]!) / most).toBeLessThan(1e-4));
});

test('a matrix that is not positive definite has no factor, in whichever panel that shows', async () => {
  for (const wrong of [0, COLUMNS - 1]) {
    const H = new Float32Array(COLUMNS ** 2);
    for (let k = 0; k < COLUMNS; k++) H[k * COLUMNS + k] = k === wrong ? -1 : 1;
    expect(await inverseFactorOnDevice(gpu, H, COLUMNS)).toBeUndefined();
    expect(await inverseFactor(Float64Array.from(H), COLUMNS, () => Promise.resolve())).toBeUndefined();
  }
});

test.each([
  { group_size: 32, symmetric: true, desc_act: false, static_groups: false },
  { group_size: -1, symmetric: false, desc_act: true, static_groups: false },
])('GPTQ comes to the codes of the CPU, but for ties: %j', async (kind) => {
  const options = { ...kind, damp: 0.05 };
  const columns = kind.group_size === -1 ? COLUMNS : 288;
  const statistics = emptyStatistics(columns);
  addInputs(
    statistics,
    inputs.filter((_, at) => at % COLUMNS < columns),
  );
  const weights = { shape: [rows, columns], data: normals(rows * columns, 3) };
  const cpu = dequantize(await quantizeGptq(weights, statistics, options));
  const device = dequantize(await quantizeGptq(weights, statistics, options, onDevice(gpu)));
  const unlike = device.data.filter((w, at) => Math.abs(w - cpu.data[at]!) > 1e-6).length;
  expect(unlike / device.data.length).toBeLessThan(0.02);
  const [one, other] = [cpu, device].map((made) => layerError(weights, made, statistics).output_error);
  expect(other! / one!).toBeCloseTo(1, 2);
});
