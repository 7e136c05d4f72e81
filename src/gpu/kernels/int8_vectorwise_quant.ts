import division from '../../../shaders/preludes/division.wgsl?raw';
import float16 from '../../../shaders/preludes/float16.wgsl?raw';
import source from '../../../shaders/int8_vectorwise_quant.wgsl?raw';
import { quantizeActivations } from '../../quant/llm_int8.ts';
import { floats } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { activations } from './llm_int8_case.ts';
import { paddedWords } from './padded.ts';
import { columnMask } from './outlier_columns.ts';

/** Activations to int8 with one scale a token, integer for integer as quantizeActivations. */
export const int8_vectorwise_quant = defineKernel({
  name: 'int8_vectorwise_quant',
  wgsl: float16 + division + source,
  params: { M: 'u32', K: 'u32', threshold: 'f32' },
  bindings: { x: 'read f32', mask: 'read u32', CA: 'write u32', SCA: 'write f32' },
  workgroups: ({ M }) => grid(M),
  reference: ({ M, K, threshold }, { x }) => {
    const { CA, SCA } = quantizeActivations({ shape: [M, K], data: x }, threshold);
    return { CA: paddedWords(CA, K), SCA };
  },
  tolerance: 'exact',
  cases: () => [
    vectorwiseCase(7, 100, 2),
    vectorwiseCase(1, 67, 6),
    vectorwiseCase(70, 36, 0),
    vectorwiseCase(3, 1025, 6),
  ],
});

function vectorwiseCase(M: number, K: number, threshold: number) {
  const x = activations(M, K, threshold || 6);
  const { outlier_cols } = quantizeActivations({ shape: [M, K], data: x }, threshold);
  return {
    name: `${M} × ${K} · threshold ${threshold}`,
    params: { M, K, threshold },
    arrays: {
      x,
      mask: columnMask(outlier_cols, K),
      CA: new Uint32Array(M * Math.ceil(K / 4)),
      SCA: floats(M),
    },
  };
}
