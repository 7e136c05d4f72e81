import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../tensor/random.ts';
import { plannedBytes, type PlannedTensor } from '../../tensor/write_safetensors.ts';
import { quantizeAwq } from '../calibrated/awq.ts';
import { quantizeGptq } from '../calibrated/gptq.ts';
import { addInputs, emptyStatistics } from '../calibrated/statistics.ts';
import { layerFormat } from '../layers.ts';
import { dequantize, isQuantizing, quantize } from '../quantize.ts';
import type { QuantizedTensor } from '../quantized.ts';
import type { SavedLayout, SavedReader } from './layout.ts';
import { SAVED_METHODS } from './methods.ts';
import { requireWriter, type Writer, type WrittenGroup } from './writer.ts';
import { compressedTensors } from './write_compressed_tensors.ts';
import type { QuantConfig } from '../config.ts';

const SHAPE = [24, 64] as const;
const random = seededRandom(5);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const weights = { shape: [...SHAPE], data: numbers(SHAPE[0] * SHAPE[1]) };
// A group without a negative weight has its zero point at 0.
weights.data.subarray(0, SHAPE[1]).forEach((value, i, row) => (row[i] = Math.abs(value)));
const inputs = emptyStatistics(SHAPE[1]);
addInputs(inputs, numbers(96 * SHAPE[1]));

async function made(config: QuantConfig): Promise<QuantizedTensor> {
  if (isQuantizing(config)) return quantize(weights, config);
  if (config.quant_type === 'awq') return quantizeAwq(weights, config.group_size);
  if (config.quant_type !== 'gptq') throw new Error(`${config.quant_type} is made nowhere`);
  const { group_size, symmetric, desc_act = false, static_groups = false } = config;
  return quantizeGptq(weights, inputs, { group_size, symmetric, desc_act, static_groups, damp: 0.1 });
}

const base = { compute_dtype: 'float32' } as const;
const CONFIGS: readonly QuantConfig[] = [
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
  { quant_type: 'hqq', group_size: 32, ...base },
];

/** A layer as a tool stores it, and what reads it back. */
async function stored(writer: Writer, name: string, config: QuantConfig) {
  const quantized = await made(config);
  const layer = writer.layer(config)!;
  const planned = layer.plan(name, SHAPE, 'float32');
  const bytes = layer.bytes(quantized, 'float32');
  expect(bytes.map(({ length }) => length)).toEqual(planned.map(plannedBytes));
  return {
    quantized,
    tensors: planned.map((tensor, i) => [tensor.name, { ...tensor, bytes: bytes[i]! }] as const),
  };
}

const readerOf = (
  tensors: ReadonlyMap<string, PlannedTensor & { bytes: Uint8Array<ArrayBuffer> }>,
): SavedReader => ({
  dtypeOf: (name) => tensors.get(name)?.dtype,
  shapeOf: (name) => tensors.get(name)?.shape,
  read: (name) => Promise.resolve(tensors.get(name)?.bytes),
});

const layoutOf = ({ quant_method, ...settings }: Record<string, unknown>): SavedLayout =>
  SAVED_METHODS.get(String(quant_method))!.layoutOf(settings);

async function expectRead(
  layout: SavedLayout,
  reader: SavedReader,
  name: string,
  quantized: QuantizedTensor,
) {
  const back = dequantize(await layout.read(reader, name, SHAPE)).data;
  // NVFP4's one float32 is stored as what its reader divides by.
  const most = quantized.quant_type === 'nvfp4' ? 3e-7 : 0;
  dequantize(quantized).data.forEach((value, i) =>
    expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(most * Math.abs(value)),
  );
}

describe('a layer as a tool stores it', () => {
  it.each(CONFIGS)('comes back as it was: %j', async (config) => {
    const writer = requireWriter(config);
    const { quantized, tensors } = await stored(writer, 'a', config);
    const reader = readerOf(new Map(tensors));
    const layout = layoutOf(writer.settings({ groups: [{ config, modules: ['a'] }], skipped: [] }));
    expect(layout.isQuantized(reader, 'a')).toBe(true);
    for (const [name] of tensors) expect(name.slice(2)).toMatch(layout.parts);
    await expectRead(layout, reader, 'a', quantized);
  });
});

describe('layers of several formats in one checkpoint', () => {
  const MIXES: readonly (readonly QuantConfig[])[] = [
    // All that compressed-tensors has, GPTQ's codes and AWQ's among them.
    CONFIGS.filter((config) => compressedTensors.layer(config)),
    CONFIGS.filter(({ quant_type }) => quant_type === 'gptq').slice(0, 3),
  ];

  it.each(MIXES)('come back as they were: %#', async (...mix) => {
    const [base, ...others] = mix as [QuantConfig, ...QuantConfig[]];
    const by_layer = others.map((other, i) => ({ modules: [`m${i + 1}`], as: layerFormat(other) }));
    const writer = requireWriter({ ...base, by_layer } as QuantConfig);
    const layers = await Promise.all(
      mix.map(async (config, i) => ({ config, ...(await stored(writer, `m${i}`, config)) })),
    );
    const reader = readerOf(new Map(layers.flatMap(({ tensors }) => tensors)));
    const groups = mix.map((config, i) => ({ config, modules: [`m${i}`] })) as unknown as [
      WrittenGroup,
      ...WrittenGroup[],
    ];
    const layout = layoutOf(writer.settings({ groups, skipped: ['m99'] }));
    expect(layout.mixes).toBe(true);
    for (const [i, { quantized }] of layers.entries()) await expectRead(layout, reader, `m${i}`, quantized);
  });

  it('are refused where no tool has all of them', () => {
    const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false } as const;
    const mix: QuantConfig = { ...CONFIGS[0]!, by_layer: [{ modules: ['m'], as: nf4 }] } as QuantConfig;
    expect(() => requireWriter(mix)).toThrow(
      'No one tool stores these formats in one checkpoint. Who stores which: INT4 g32: compressed-tensors; NF4 · 64: bitsandbytes (one format for all layers).',
    );
  });
});
