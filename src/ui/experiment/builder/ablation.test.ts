import { expect, test } from 'vitest';
import { parseSpec } from '../../../study/spec.ts';
import { bitsPerWeight, configName, FORMAT_ROWS, isCalibrated } from '../../../quant/config.ts';
import { ablation } from './ablation.ts';
import { defaultSpec } from '../draft.ts';
import { PRESETS } from './presets.ts';

const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;

test('one knob at a time, always from the baseline', () => {
  const names = ablation(nf4, [
    { quant_type: 'fp4' },
    { blocksize: 256 },
    { double_quant: true },
    { compute_dtype: 'float16' },
  ]).map(configName);
  expect(names).toEqual([
    'NF4 · 64',
    'FP4 · 64',
    'NF4 · 256',
    'NF4 · 64 · double quant',
    'NF4 · 64 · float16',
  ]);
});

test('what changes nothing is left out, and so is what stands there already', () => {
  const changes = [{ blocksize: 64 }, { granularity: 'row' }, { blocksize: 32 }, { blocksize: 32 }] as const;
  expect(ablation(nf4, changes).map(configName)).toEqual(['NF4 · 64', 'NF4 · 32']);
});

test('layers that are kept stay kept', () => {
  const [, fp4] = ablation({ ...nf4, skip_modules: ['down_proj'] }, [{ quant_type: 'fp4' }]);
  expect(fp4).toMatchObject({ quant_type: 'fp4', skip_modules: ['down_proj'] });
});

test('every preset is an experiment that can run', () => {
  for (const { title, configs } of PRESETS) {
    expect(parseSpec({ ...defaultSpec(), title, configs }).configs.length).toBeGreaterThan(2);
  }
});

test('“Every format” has a row for each format that is made here, calibrated ones too, from many bits to few', () => {
  const [baseline, ...others] = PRESETS.find(({ title }) => title === 'Every format')!.configs;
  expect(baseline!.quant_type).toBe('none');
  const bits = others.map(bitsPerWeight);
  expect(bits).toEqual(bits.toSorted((a, b) => b - a));
  const there = new Set(others.map(({ quant_type }) => quant_type));
  const made = FORMAT_ROWS.filter(({ quantize, calibrated }) => quantize ?? calibrated).map(
    ({ quant_type }) => quant_type,
  );
  // A code of the reader's own is not among them; the ruler of sixteen values is there by group, as tools have it.
  expect(made.filter((quant_type) => !there.has(quant_type))).toEqual(['int4', 'custom']);
  const groups = others.flatMap((config) =>
    isCalibrated(config) ? [[config.quant_type, config.group_size]] : [],
  );
  expect(new Set(groups.map(String))).toEqual(new Set(['gptq,32', 'gptq,64', 'gptq,-1', 'awq,32']));
});
