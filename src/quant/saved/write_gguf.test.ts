import { expect, it } from 'vitest';
import { openGolden } from '../../../test/fixtures/golden_files.ts';
import { dequantize, quantize } from '../quantize.ts';
import { GGML_TYPES } from '../../tensor/ggml_types.ts';
import { floatsOf } from './gguf_blocks.ts';
import { ggmlBlocks } from './write_gguf.ts';

const golden = await openGolden('formats');
const weight = { shape: [6, 256], data: await golden.floats('weight') };

it.each(['Q4_0', 'Q4_1', 'IQ4_NL', 'Q4_K', 'Q8_0'] as const)('%s has ggml’s bytes', async (gguf_type) => {
  const made = quantize(weight, { quant_type: 'gguf', gguf_type, compute_dtype: 'float32' });
  expect([...ggmlBlocks(made, gguf_type)]).toEqual([...(await golden.bytes(`gguf.${gguf_type}.stored`))]);
});

it.each(['floor', 'even'] as const)('MXFP4 by the rule "%s" is read as it was', (scale_rule) => {
  const made = quantize(weight, { quant_type: 'mxfp4', scale_rule, compute_dtype: 'float32' });
  const type = [...GGML_TYPES.values()].find(({ name }) => name === 'MXFP4')!;
  expect(floatsOf('a', type, ggmlBlocks(made, 'MXFP4'))).toEqual(dequantize(made).data);
});
