import { expect, test } from 'vitest';
import type { QuantConfig } from '../../quant/config.ts';
import { distinctNames } from './config_names.ts';

test('names say what is left out, and no two are the same', () => {
  const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
  const own = (code: number[]): QuantConfig => ({ ...nf4, quant_type: 'custom', code });
  expect(
    distinctNames([
      { quant_type: 'none', compute_dtype: 'float32' },
      nf4,
      { ...nf4, skip_modules: ['down_proj', 'model.layers.0'] },
      { ...nf4, by_layer: [{ modules: ['down_proj'], as: { quant_type: 'int8', granularity: 'row' } }] },
      own([0]),
      own([1]),
    ]),
  ).toEqual([
    'float32',
    'NF4 · 64',
    'NF4 · 64, without down_proj, model.layers.0',
    'NF4 · 64, down_proj as INT8 per row',
    'CUSTOM · 64',
    'CUSTOM · 64 (2)',
  ]);
});
