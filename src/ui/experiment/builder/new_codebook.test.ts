import { expect, test, vi } from 'vitest';
import tiny from '../../../../public/models/nibble-tiny/config.json';
import { footprintOf } from '../../../model/footprint.ts';
import { parseConfig } from '../../../model/config.ts';
import { CODEBOOK_ROWS, configName, FORMAT_ROWS, type QuantConfig } from '../../../quant/config.ts';
import type * as formats from '../../../quant/formats.ts';
import { dequantize, quantize, type Quantizing } from '../../../quant/quantize.ts';
import { parseSpec } from '../../../study/spec.ts';
import { printSpec, readSpec } from '../../../study/spec_query.ts';
import { LOOKS } from '../../chart/look.ts';
import { estimateRun } from '../../../study/estimate.ts';
import { anotherConfig, defaultSpec, withQuantType } from '../draft.ts';

// The table with a row more; everything imported above reads this one.
vi.mock('../../../quant/formats.ts', async (original) => {
  const { FORMATS } = await original<typeof formats>();
  const { namedCodebook } = await import('../../../quant/formats/blockwise.ts');
  const e2m1 = namedCodebook({
    quant_type: 'e2m1',
    values: [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6].map((v) => v / 6),
    about: 'the 4-bit float of the OCP MX formats, over 6.',
    saved: undefined,
    look: { hue: 'fp4', shape: 'cross', dash: 'dotted' },
  });
  return { FORMATS: { ...FORMATS, e2m1 } };
});

// A type cannot follow a table that is extended while running.
const e2m1 = {
  quant_type: 'e2m1',
  blocksize: 128,
  double_quant: false,
  compute_dtype: 'float32',
} as unknown as QuantConfig;

test('a codebook added to the table is in the schema, with its defaults and its refusals', () => {
  const spec = { ...defaultSpec(), configs: [{ quant_type: 'e2m1' }] };
  expect(parseSpec(spec).configs).toEqual([{ ...e2m1, blocksize: 64 }]);
  const wrong = { ...spec, configs: [{ quant_type: 'e2m1', blocksize: 48 }] };
  expect(() => parseSpec(wrong)).toThrow('configs[0].blocksize is 48; allowed: 32, 64, 128,');
  const unknown = { ...spec, configs: [{ quant_type: 'e2m2' }] };
  expect(() => parseSpec(unknown)).toThrow('"peer", "e2m1"');
});

test('in a link, in names, among the looks and the lists of codebooks', () => {
  const spec = { ...defaultSpec(), configs: [e2m1] };
  expect(printSpec(spec)).toContain('configs=e2m1:blocksize=128&');
  expect(parseSpec(readSpec(printSpec(spec)))).toEqual(spec);
  expect(configName(e2m1)).toBe('E2M1 · 128');
  expect((LOOKS as Record<string, unknown>).e2m1).toMatchObject({ color: 'var(--fp4)', shape: 'cross' });
  expect(CODEBOOK_ROWS.map(({ title }) => title)).toEqual(['NF4', 'FP4', 'INT4', 'E2M1']);
});

test('in the arithmetic and in what it stores', () => {
  const weights = { shape: [1, 8], data: Float32Array.of(6, -0.5, 1, 0, 1.4, -3, 4, 2) };
  const back = dequantize(quantize(weights, e2m1 as Quantizing)).data;
  [6, -0.5, 1, 0, 1.5, -3, 4, 2].forEach((value, i) => expect(back[i]).toBeCloseTo(value, 5));
});

test('in the footprint, and in an estimate by a probe of the 4-bit kernels', () => {
  const shape = parseConfig(tiny);
  const nf4 = { ...e2m1, quant_type: 'nf4' } as QuantConfig;
  expect(footprintOf(shape, e2m1, 'float16')).toEqual(footprintOf(shape, nf4, 'float16'));
  const speed = { load_seconds: 1, pass_seconds: 0.01, token_seconds: 0.001 };
  const estimate = estimateRun({ ...defaultSpec(), configs: [e2m1] }, [], {
    shape,
    speeds: { '4-bit': speed },
  });
  expect(estimate.time!.seconds[0]).toBeGreaterThan(0);
  // Norms are float32 on the device.
  const { actual_bytes } = footprintOf(shape, nf4, 'float16');
  expect(estimate.weight_bytes! / actual_bytes).toBeCloseTo(1, 2);
});

test('in the builder', () => {
  const nf4 = { ...e2m1, quant_type: 'nf4' } as QuantConfig;
  expect(FORMAT_ROWS.map(({ title }) => title)).toContain('E2M1');
  expect(withQuantType(nf4, e2m1.quant_type)).toMatchObject({ quant_type: 'e2m1', blocksize: 128 });
  const configs: QuantConfig[] = [];
  for (let i = 0; i < 25; i++) configs.push(anotherConfig(configs));
  expect(configs.at(-1)).toMatchObject({ quant_type: 'e2m1', blocksize: 64 });
});
