import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../tensor/random.ts';
import { plannedBytes } from '../../tensor/write_safetensors.ts';
import { quantizeAwq } from '../calibrated/awq.ts';
import { quantizeGptq } from '../calibrated/gptq.ts';
import { addInputs, emptyStatistics } from '../calibrated/statistics.ts';
import { dequantize, isQuantizing, quantize } from '../quantize.ts';
import type { QuantizedTensor } from '../quantized.ts';
import type { SavedReader } from './layout.ts';
import { SAVED_METHODS } from './methods.ts';
import { writerOf, type WrittenConfig } from './writer.ts';

const SHAPE = [24, 64] as const;
const random = seededRandom(5);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const weights = { shape: [...SHAPE], data: numbers(SHAPE[0] * SHAPE[1]) };
// A group without a negative weight has its zero point at 0.
weights.data.subarray(0, SHAPE[1]).forEach((value, i, row) => (row[i] = Math.abs(value)));
const inputs = emptyStatistics(SHAPE[1]);
addInputs(inputs, numbers(96 * SHAPE[1]));

async function made(config: WrittenConfig): Promise<QuantizedTensor> {
  if (isQuantizing(config)) return quantize(weights, config);
  if (config.quant_type === 'awq') return quantizeAwq(weights, config.group_size);
  const { group_size, symmetric, desc_act = false, static_groups = false } = config;
  return quantizeGptq(weights, inputs, { group_size, symmetric, desc_act, static_groups, damp: 0.1 });
}

const base = { compute_dtype: 'float32' } as const;
const CONFIGS: readonly WrittenConfig[] = [
  { quant_type: 'int4_group', group_size: 32, symmetric: true, ...base },
  { quant_type: 'int4_group', group_size: 32, symmetric: false, ...base },
  { quant_type: 'nvfp4', ...base },
  { quant_type: 'mxfp4', scale_rule: 'even', ...base },
  { quant_type: 'fp8', scaling: 'row', ...base },
  { quant_type: 'fp8', scaling: 'tensor', ...base },
  { quant_type: 'fp8', scaling: '128x128', ...base },
  { quant_type: 'gptq', group_size: 32, symmetric: true, ...base },
  { quant_type: 'gptq', group_size: 32, symmetric: false, ...base },
  { quant_type: 'gptq', group_size: -1, symmetric: false, ...base },
  { quant_type: 'gptq', group_size: 32, symmetric: false, desc_act: true, ...base },
  { quant_type: 'gptq', group_size: 32, symmetric: true, desc_act: true, static_groups: true, ...base },
  { quant_type: 'awq', group_size: 32, ...base },
];

describe('a layer as a tool stores it', () => {
  it.each(CONFIGS)('comes back as it was: %j', async (config) => {
    const writer = writerOf(config)!;
    const quantized = await made(config);
    const planned = writer.plan('a', SHAPE, 'float32');
    const bytes = writer.bytes(quantized, 'float32');
    expect(bytes.map(({ length }) => length)).toEqual(planned.map(plannedBytes));
    const tensors = new Map(planned.map(({ name, dtype }, i) => [name, { dtype, bytes: bytes[i]! }]));
    const reader: SavedReader = {
      dtypeOf: (name) => tensors.get(name)?.dtype,
      read: (name) => Promise.resolve(tensors.get(name)?.bytes),
    };
    const { quant_method, ...settings } = writer.settings([]);
    const layout = SAVED_METHODS.get(String(quant_method))!.layoutOf(settings);
    expect(layout.isQuantized(reader, 'a')).toBe(true);
    for (const { name } of planned) expect(name.slice(2)).toMatch(layout.parts);
    const back = dequantize(await layout.read(reader, 'a', SHAPE)).data;
    const wanted = dequantize(quantized).data;
    // NVFP4's one float32 is stored as what its reader divides by.
    const most = config.quant_type === 'nvfp4' ? 3e-7 : 0;
    wanted.forEach((value, i) =>
      expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(most * Math.abs(value)),
    );
  });
});
